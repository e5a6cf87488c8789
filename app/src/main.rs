//! `heliograph`: a photo-sharing network that anyone can own.

use std::process::ExitCode;

use clap::Parser as _;
use heliograph::commands::Arguments;

fn main() -> ExitCode {
    heliograph::memory::share_heaps();
    heliograph::wire::permissions::keep_to_the_owner();
    end_quietly_when_nobody_reads();
    let arguments = Arguments::parse();
    match heliograph::commands::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("heliograph: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Has a command end without a word when whoever reads what it prints has gone, as in `heliograph doctor | head`: `println!`
/// panics then. A process that serves writes its lines otherwise, and goes on.
fn end_quietly_when_nobody_reads() {
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
