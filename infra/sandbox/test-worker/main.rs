//! A worker that does on purpose what workers must not, and reports what came of it.
//!
//! A request is the name of a action. With the argument "parent" it is a parent instead, that
//! starts a worker and waits to be killed.

#[cfg(target_os = "linux")]
mod actions;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("parent") => actions::be_a_parent(),
        Some("mute") => {
            std::thread::sleep(std::time::Duration::from_secs(3_600));
            Ok(())
        }
        _ => actions::serve(),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
