use super::super::{Structure, decode, read_header};
use super::{BLOCKS_WALKED_MAX, check_end, walk};
use crate::Limits;

/// Side of the picture that these files claim to be.
const SIDE: u16 = 10_000;
const END: &[u8] = &[0xff, 0xd9];

fn segment(file: &mut Vec<u8>, marker: u8, body: &[u8]) {
    file.extend([0xff, marker]);
    file.extend(u16::try_from(body.len() + 2).unwrap().to_be_bytes());
    file.extend(body);
}

fn scan(file: &mut Vec<u8>, components: &[u8], selection: [u8; 3], coded: usize) {
    let mut body = vec![u8::try_from(components.len()).unwrap()];
    body.extend(components.iter().flat_map(|name| [*name, 0]));
    body.extend(selection);
    segment(file, 0xda, &body);
    file.resize(file.len() + coded, 0);
}

/// A progressive picture of 2.4 million blocks and more that are all zero, without an end marker:
/// each further scan takes fewer than two bits for thousands of them.
fn file(components: &[u8], together: &[u8], refinements: usize) -> Vec<u8> {
    let blocks = usize::from(SIDE).div_ceil(8).pow(2);
    let mut file = vec![0xff, 0xd8];
    segment(&mut file, 0xdb, &[&[0][..], &[1; 64]].concat());
    let mut frame = [&[8][..], &SIDE.to_be_bytes(), &SIDE.to_be_bytes()].concat();
    frame.push(u8::try_from(components.len()).unwrap());
    frame.extend(components.iter().flat_map(|name| [*name, 0x11, 0]));
    segment(&mut file, 0xc2, &frame);
    // The code 0 is a difference of no bits, and the end of a run of 16,384 blocks.
    let codes = |kind: u8, symbol: u8| {
        let mut codes = vec![kind, 1];
        codes.resize(17, 0);
        codes.push(symbol);
        codes
    };
    segment(&mut file, 0xc4, &codes(0, 0));
    segment(&mut file, 0xc4, &codes(0x10, 0xe0));
    let coded = blocks * components.len() / 8 + 2;
    scan(&mut file, components, [0, 0, 0], coded);
    scan(&mut file, together, [1, 63, 0x01], 4_096);
    for _ in 0..refinements {
        scan(&mut file, together, [1, 63, 0x10], 4_096);
    }
    file
}

#[test]
fn what_a_walk_takes_is_bounded_before_it_begins() {
    let limits = Limits::default();
    for (components, together) in [(&[1, 2, 3, 4][..], &[1][..]), (&[1], &[1])] {
        let file = file(components, together, 40);
        let structure = Structure::read(&file, &limits).unwrap();
        assert!(structure.lacks_end);
        let walked = walk(&structure);
        assert!(!walked.is_whole);
        assert_eq!(walked.blocks, 0);
        assert!(check_end(&structure).is_err());
    }
    // Within the bound it is read, each block once for each scan.
    let file = file(&[1], &[1], 1);
    let walked = walk(&Structure::read(&file, &limits).unwrap());
    assert!(walked.is_whole);
    assert_eq!(walked.blocks, 1_250 * 1_250 * 3);
    assert!(walked.blocks < BLOCKS_WALKED_MAX);
}

#[test]
fn several_components_together_have_no_further_coefficients() {
    let file = file(&[1, 2, 3], &[1, 2, 3], 0);
    let walked = walk(&Structure::read(&file, &Limits::default()).unwrap());
    assert!(!walked.is_whole);
    // The walk ended before the second scan.
    assert_eq!(walked.blocks, 1_250 * 1_250 * 3);
}

#[test]
fn headers_of_progressive_files_are_read_without_a_walk_and_files_with_an_end_never_walk() {
    let limits = Limits::default();
    let mut file = file(&[1], &[1], 40);
    // Of a walk the header reading would say that the file is cut off, as decoding does.
    assert!(read_header(&file, &limits).is_ok());
    let refused = decode(&file, &limits).err().expect("too long a walk");
    assert!(
        refused.cause().contains("end marker"),
        "{}",
        refused.cause()
    );
    file.extend(END);
    let structure = Structure::read(&file, &limits).unwrap();
    assert!(!structure.lacks_end);
    assert!(check_end(&structure).is_ok());
}
