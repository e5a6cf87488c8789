//! Pictures in HEIC and AVIF that are made of others: what may be made of what, and what that
//! costs.

use business_media_codec::CodecError;

use crate::heif::{assert_broken, grid, header, plain};
use crate::heif_file::{File, Item, alpha, av1_of, hevc_of, ispe};

fn assert_of_a_rare_kind(file: &File) {
    let error = header(file).unwrap_err();
    assert!(error.to_string().contains("rare kind"), "{error:?}");
}

fn memory(file: &File) -> u64 {
    header(file).unwrap().memory_bytes
}

/// Two layers on a canvas.
fn overlay(layers: [Item; 2]) -> File {
    let [first, second] = layers;
    let items = vec![Item::overlay(1, (400, 300)), first, second];
    File::heic(items).refer(b"dimg", 1, &[2, 3])
}

fn hevc(id: u16) -> Item {
    Item::new(id, b"hvc1", (400, 300))
}

#[test]
fn pictures_are_compressed_as_their_format_is() {
    let avif = |items| File::avif(items);
    header(&avif(vec![Item::av1(1, (64, 48))])).unwrap();
    assert_of_a_rare_kind(&avif(vec![Item::new(1, b"hvc1", (64, 48))]));
    assert_of_a_rare_kind(&avif(vec![Item::new(1, b"hev1", (64, 48))]));
    assert_of_a_rare_kind(&File::heic(vec![Item::av1(1, (64, 48))]));
    // What says nothing but that it holds pictures is taken for HEIC.
    let mut of_no_kind = File::heic(vec![Item::av1(1, (64, 48))]);
    of_no_kind.brand = *b"mif1";
    assert_of_a_rare_kind(&of_no_kind);
}

#[test]
fn so_is_everything_that_they_are_made_of() {
    let mut tiles = grid();
    header(&tiles).unwrap();
    tiles.brand = *b"avif";
    assert_of_a_rare_kind(&tiles);
    // The second tile alone.
    let items = vec![
        Item::grid(1, (128, 64), 2, 1),
        Item::new(2, b"hvc1", (64, 64)),
        Item::av1(3, (64, 64)),
    ];
    assert_of_a_rare_kind(&File::heic(items).refer(b"dimg", 1, &[2, 3]));
    header(&overlay([hevc(2), hevc(3)])).unwrap();
    assert_of_a_rare_kind(&overlay([hevc(2), Item::av1(3, (400, 300))]));
    let same = vec![Item::identity(1, (64, 48)), Item::av1(2, (64, 48))];
    header(&File::avif(same.clone()).refer(b"dimg", 1, &[2])).unwrap();
    assert_of_a_rare_kind(&File::heic(same).refer(b"dimg", 1, &[2]));
}

#[test]
fn so_is_what_shines_through() {
    let with_alpha = |item: Item| {
        let items = vec![Item::new(1, b"hvc1", (64, 48)), item.with(alpha())];
        File::heic(items).refer(b"auxl", 2, &[1])
    };
    header(&with_alpha(Item::new(2, b"hvc1", (64, 48)))).unwrap();
    assert_of_a_rare_kind(&with_alpha(Item::av1(2, (64, 48))));
    // Of a tile.
    let mut tiles = grid();
    tiles.items.push(Item::av1(3, (64, 64)).with(alpha()));
    assert_of_a_rare_kind(&tiles.refer(b"auxl", 3, &[2]));
    // What is not decoded, as depth, may be what it is.
    let mut depth = plain();
    depth.items.push(Item::av1(2, (64, 48)));
    header(&depth.refer(b"auxl", 2, &[1])).unwrap();
}

#[test]
fn layers_and_what_shines_through_cost_what_they_are() {
    let (alone, canvas) = (File::heic(vec![hevc(1)]), 400 * 300 * 8);
    let layers = overlay([hevc(2), hevc(3)]);
    assert!(memory(&layers) >= memory(&alone) + 2 * canvas);
    let transparent = vec![hevc(1), hevc(2).with(alpha())];
    let transparent = File::heic(transparent).refer(b"auxl", 2, &[1]);
    assert!(memory(&transparent) >= memory(&alone) + canvas);
    // Each within the limit, and together beyond it.
    let large = |id| Item::new(id, b"hvc1", (7_000, 5_000));
    let mut together = overlay([large(2), large(3)]);
    header(&File::heic(vec![large(1)])).unwrap();
    assert!(matches!(
        header(&together),
        Err(CodecError::TooLarge { .. })
    ));
    together.items[2] = Item::new(3, b"hvc1", (65_536, 1));
    assert!(matches!(
        header(&together),
        Err(CodecError::TooLarge { .. })
    ));
}

/// What the machine with 256 MiB gives pictures (`app/src/config/memory.rs`) is enough for what
/// telephones make.
#[test]
fn a_photo_of_twelve_megapixels_takes_what_decoding_takes_or_what_is_made_of_it_and_not_both() {
    const FILE_BYTES: usize = 4 * 1024 * 1024;
    let mut photo = Item::new(1, b"hvc1", (4_032, 3_024));
    photo.data = vec![0; FILE_BYTES];
    let memory = memory(&File::heic(vec![photo])) as usize;
    let decoding = 4_032 * 3_024 * 8 + (32 << 20);
    assert!(memory >= decoding + FILE_BYTES, "{memory}");
    assert!(memory <= 132 << 20, "{} MiB", memory >> 20);
}

#[test]
fn a_picture_is_as_deep_as_its_deepest_part() {
    let deep = |mut item: Item| {
        item.properties[0] = hevc_of(10);
        item
    };
    let more = 400 * 300 * 14;
    let layers = memory(&overlay([hevc(2), hevc(3)]));
    assert!(memory(&overlay([hevc(2), deep(hevc(3))])) >= layers + 3 * more);
    let transparent = |alpha: Item| {
        let items = vec![hevc(1), alpha];
        memory(&File::heic(items).refer(b"auxl", 2, &[1]))
    };
    let shallow = transparent(hevc(2).with(alpha()));
    assert!(transparent(deep(hevc(2)).with(alpha())) >= shallow + 2 * more);
    // Also when only its colours are, or a second description says so.
    let mut colors = hevc(1);
    let bits = colors.properties[0].last_chunk_mut::<5>().unwrap();
    bits[0] = 0xfa;
    let alone = memory(&File::heic(vec![hevc(1)]));
    assert!(memory(&File::heic(vec![colors])) >= alone + more);
    let twice = File::heic(vec![hevc(1).with(hevc_of(10))]);
    assert!(memory(&twice) >= alone + more);
    let av1 = |bits| {
        let mut item = Item::av1(1, (400, 300));
        item.properties[0] = av1_of(bits);
        memory(&File::avif(vec![item]))
    };
    assert!(av1(10) >= av1(8) + more);
}

#[test]
fn a_canvas_and_a_picture_done_more_to_have_the_size_that_they_say() {
    let mut file = overlay([hevc(2), hevc(3)]);
    file.items[0].size = (40, 30);
    assert_broken(&file, "another size");
    let identity = |size| {
        let items = vec![Item::identity(1, size), hevc(2)];
        File::heic(items).refer(b"dimg", 1, &[2])
    };
    header(&identity((400, 300))).unwrap();
    assert_broken(&identity((300, 400)), "another size");
    assert_broken(&File::heic(vec![hevc(1).with(ispe((4, 3)))]), "two sizes");
}

#[test]
fn what_is_made_of_itself_is_refused() {
    let layered = File::heic(vec![Item::overlay(1, (400, 300))]);
    assert_broken(&layered.refer(b"dimg", 1, &[1, 1]), "layers");
    let identity = File::heic(vec![Item::identity(1, (400, 300))]);
    assert_broken(&identity.refer(b"dimg", 1, &[1]), "layers");
    let transparent = File::heic(vec![hevc(1).with(alpha())]);
    assert_broken(&transparent.refer(b"auxl", 1, &[1]), "layers");
}

#[test]
fn parts_of_parts_are_counted() {
    // Sixteen layers, each of as many, each a grid of a thousand tiles that are the same.
    let side = 256;
    let tiles = Item::grid(4, (side, side), 32, 32);
    let items = vec![
        Item::overlay(1, (side, side)),
        Item::overlay(2, (side, side)),
        tiles,
        Item::new(5, b"hvc1", (8, 8)),
    ];
    let file = File::heic(items)
        .refer(b"dimg", 1, &[2; 16])
        .refer(b"dimg", 2, &[4; 16])
        .refer(b"dimg", 4, &[5; 1_024]);
    assert_broken(&file, "more pictures");
}

#[test]
fn a_tile_that_is_there_often_is_looked_at_once() {
    // In so many pieces, each of them would be counted again for each tile.
    let mut file = grid();
    file.items[0] = Item::grid(1, (64 * 90, 64 * 90), 90, 90);
    file.references = vec![(*b"dimg", 1, vec![2; 8_100])];
    file.pieces = vec![(2, 15_000)];
    header(&file).unwrap();
    // What describes a picture is not in pieces.
    file.pieces = vec![(1, 15_000)];
    assert_broken(&file, "more entries");
}
