//! `heliograph`: a photo-sharing network that anyone can own.

use std::process::ExitCode;

use clap::Parser as _;
use heliograph::commands::Arguments;

fn main() -> ExitCode {
    heliograph::memory::share_heaps();
    heliograph::wire::permissions::keep_to_the_owner();
    let arguments = Arguments::parse();
    match heliograph::commands::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("heliograph: {error:#}");
            ExitCode::FAILURE
        }
    }
}
