//! A worker that does on purpose what workers must not, and tells what came of it.
//!
//! A request is the name of a deed. With the argument "parent" it is a parent instead, that starts a worker and waits to
//! be killed.

#[cfg(target_os = "linux")]
mod deeds;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("parent") => deeds::be_a_parent(),
        Some("mute") => {
            std::thread::sleep(std::time::Duration::from_secs(3_600));
            Ok(())
        }
        _ => deeds::serve(),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
