//! Kinds of characters.

use unicode_normalization::char::is_combining_mark;

/// A letter, digit, mark or underscore, in any script.
pub(super) fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || is_combining_mark(character)
}

/// A letter of a script that is written without blanks between words, or with words joined to
/// names: there a link or a mention stands right beside other words. (Chinese, Japanese, Korean,
/// Thai, Lao, Burmese, Khmer, Tibetan.)
pub(super) const fn is_of_script_without_blanks(character: char) -> bool {
    matches!(character,
        '\u{0E00}'..='\u{0FFF}' | '\u{1000}'..='\u{109F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}'
        | '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{318F}'
        | '\u{31A0}'..='\u{31BF}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{A960}'..='\u{A97F}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FFDC}'
        | '\u{1B000}'..='\u{1B16F}' | '\u{20000}'..='\u{3FFFD}')
}

/// A Latin letter beyond ASCII.
pub(super) const fn is_further_latin(character: char) -> bool {
    matches!(character,
        '\u{AA}' | '\u{BA}' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2AF}'
        | '\u{1D00}'..='\u{1D7F}' | '\u{1E00}'..='\u{1EFF}' | '\u{2C60}'..='\u{2C7F}' | '\u{A720}'..='\u{A7FF}'
        | '\u{AB30}'..='\u{AB6F}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}')
}

/// Whether an address ends before this character: at blanks, at what cannot be seen or turns the
/// direction of writing, at quotation marks, and at the full-width punctuation of scripts without
/// blanks.
pub(super) fn ends_address(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || is_invisible(character)
        || is_full_width_punctuation(character)
        || matches!(
            character,
            '"' | '<'
                | '>'
                | '`'
                | '\\'
                | '«'
                | '»'
                | '‹'
                | '›'
                | '“'
                | '”'
                | '„'
                | '‟'
                | '‥'
                | '…'
        )
}

/// Without a shape of its own: soft hyphens, blanks of no width, marks of direction, tags. Joiners
/// are not among them: Persian and Indian scripts spell with them.
const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

const fn is_full_width_punctuation(character: char) -> bool {
    matches!(character,
        '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301F}' | '\u{FE10}'..='\u{FE19}'
        | '\u{FE30}'..='\u{FE6B}' | '！' | '＂' | '＇' | '（' | '）' | '，' | '．' | '：' | '；' | '＜' | '＞' | '？'
        | '［' | '］' | '｛' | '｜' | '｝' | '～' | '\u{FF5F}'..='\u{FF64}')
}

/// Punctuation that belongs to the sentence when an address ends with it.
pub(super) const fn ends_sentence(character: char) -> bool {
    matches!(
        character,
        '.' | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '\''
            | '*'
            | '~'
            | '|'
            | '@'
            | '‘'
            | '’'
            | '–'
            | '—'
            | '·'
            | '•'
            | '،'
            | '؛'
            | '؟'
            | '۔'
            | '।'
            | '॥'
    )
}
