//! `heliograph`: a photo-sharing network that anyone can own.

use std::process::ExitCode;

use clap::Parser as _;
use heliograph::commands::Arguments;

fn main() -> ExitCode {
    // Both before there are threads.
    heliograph::memory::share_heaps();
    heliograph::wire::permissions::restrict_to_owner();
    exit_on_broken_pipe();
    let arguments = Arguments::parse();
    match heliograph::commands::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("heliograph: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Has a command end without a word when the reader of its output is gone, as in
/// `heliograph doctor | head`: `println!` panics then. A process that serves writes its lines
/// otherwise, and continues.
fn exit_on_broken_pipe() {
    /// What a shell says of a process that SIGPIPE ended.
    const NOBODY_READS: i32 = 128 + 13;
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        if message.starts_with("failed printing to std") && message.contains("Broken pipe") {
            std::process::exit(NOBODY_READS);
        }
        usual(panic);
    }));
}
