//! What is shown while a move continues: a bar on a terminal, lines elsewhere.

use std::io::{IsTerminal as _, Write as _};

use serde_json::json;

use crate::commands::progress::bar;
use crate::wire::moving::{Phase, Step};

/// How far a move is. Lines are on standard output, the bar on standard error.
pub(super) struct Progress {
    json: bool,
    is_terminal: bool,
    /// How many rows there are; 0 until everything is read.
    total: u64,
    /// How many were read, and then copied and verified.
    done: u64,
}

impl Progress {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            is_terminal: std::io::stderr().is_terminal(),
            total: 0,
            done: 0,
        }
    }

    pub(super) fn step(&mut self, step: &Step<'_>) {
        match *step {
            Step::Rows {
                phase,
                database,
                table,
                rows,
            } => {
                self.done += rows;
                if self.json {
                    let step = word(phase);
                    println!(
                        "{}",
                        json!({"step": step, "database": database, "table": table, "rows": rows})
                    );
                } else {
                    self.draw(phase, database, table);
                }
            }
            Step::Done {
                phase,
                database,
                rows,
            } => {
                self.clear();
                if !self.json {
                    println!("{:<9} {database:<12} {rows:>12} rows", word(phase));
                }
            }
            Step::Total { rows } => {
                self.total = rows;
                self.done = 0;
            }
        }
    }

    fn draw(&self, phase: Phase, database: &str, table: &str) {
        if !self.is_terminal {
            return;
        }
        self.clear();
        // Each row is copied and read again.
        let whole = self.total * 2;
        match (self.done * 100).checked_div(whole) {
            Some(percent) => {
                let (bar, percent) = (bar(self.done, whole), percent.min(100));
                eprint!("{bar} {percent:>3} %  {} {database}.{table}", word(phase));
            }
            None => eprint!("{} {database}.{table}: {} rows", word(phase), self.done),
        }
        // It is only there to be looked at.
        let _ = std::io::stderr().flush();
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if self.is_terminal && !self.json {
            eprint!("\r\x1b[K");
        }
    }
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Read => "read",
        Phase::Copy => "copied",
        Phase::Verify => "verified",
    }
}
