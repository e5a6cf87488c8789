//! Runs of characters without a blank, as an address may be one, and which brackets in them belong
//! together.

use super::characters::ends_address;

/// A run, looked through once however many addresses begin in it.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    /// In the order of the text.
    brackets: Vec<Bracket>,
    /// The first bracket that has not been passed.
    next: usize,
}

#[derive(Debug, Clone, Copy)]
struct Bracket {
    at: usize,
    opens: bool,
    /// Where the one is that it belongs to.
    partner: Option<usize>,
}

impl Run {
    /// The run that begins at `start`, and how many characters were looked at to find its end.
    pub(super) fn at(text: &str, start: usize) -> (Self, usize) {
        let mut run = Self {
            start,
            end: text.len(),
            ..Self::default()
        };
        // The brackets that are open, with the character that closes each.
        let mut open: Vec<(char, usize)> = Vec::new();
        let mut steps = 0;
        for (offset, character) in text[start..].char_indices() {
            steps += 1;
            if ends_address(character) {
                run.end = start + offset;
                break;
            }
            run.read(start + offset, character, &mut open);
        }
        (run, steps)
    }

    fn read(&mut self, at: usize, character: char, open: &mut Vec<(char, usize)>) {
        let closes_with = match character {
            '(' => Some(')'),
            '[' => Some(']'),
            '{' => Some('}'),
            ')' | ']' | '}' => None,
            _ => return,
        };
        let mut bracket = Bracket {
            at,
            opens: closes_with.is_some(),
            partner: None,
        };
        if let Some(closing) = closes_with {
            open.push((closing, self.brackets.len()));
        } else {
            // What was opened within and not closed has no partner; each is taken off once.
            while let Some((closing, index)) = open.pop() {
                if closing == character {
                    bracket.partner = Some(self.brackets[index].at);
                    self.brackets[index].partner = Some(at);
                    break;
                }
            }
        }
        self.brackets.push(bracket);
    }

    pub(super) fn holds(&self, at: usize) -> bool {
        (self.start..=self.end).contains(&at)
    }

    /// Where an address ends whose path begins at `start`: before the first bracket that opens and
    /// is not closed, or closes what was opened before the path, or with the run. To be asked with
    /// growing starts.
    pub(super) fn address_end(&mut self, start: usize) -> usize {
        while let Some(bracket) = self.brackets.get(self.next) {
            let is_alone = match bracket.partner {
                None => true,
                Some(partner) => !bracket.opens && partner < start,
            };
            if bracket.at >= start && is_alone {
                return bracket.at;
            }
            self.next += 1;
        }
        self.end
    }
}
