//! One damage a number: its kind and its place follow from the seed, the format and the number alone.

use super::dumps::Files;

/// The kinds of ten damages in a row, for a dump of one file: 200 of 500 flip a bit, 100 zero 512 bytes, 100 cut the end
/// off, 50 take up to 64 bytes out, 50 exchange two blocks of 4 KiB.
const OF_A_FILE: [&str; 10] = [
    "flip", "zero", "flip", "cut", "flip", "delete", "zero", "flip", "cut", "swap",
];

/// The same for a folder: 200 flip a bit anywhere and 50 one of the table of contents, 100 zero, 100 cut a member, 50
/// leave a member out.
const OF_A_FOLDER: [&str; 10] = [
    "flip", "zero", "flip", "cut", "flip", "contents", "zero", "flip", "cut", "drop",
];

/// Bytes that are zeroed, and that are exchanged.
const ZEROED: usize = 512;
const SWAPPED: usize = 4096;

/// Numbers that look random and are the same each time (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below.max(1) as u64).unwrap()
    }
}

/// The damage with this number, and its kind.
pub(crate) fn damage(whole: &Files, seed: u64, at: u64) -> (&'static str, Files) {
    let kinds = if whole.len() > 1 {
        OF_A_FOLDER
    } else {
        OF_A_FILE
    };
    let kind = kinds[usize::try_from(at % 10).unwrap()];
    let mut random = Random(seed.wrapping_mul(0x0001_0000_0001) ^ at);
    let mut files = whole.clone();
    let name = match kind {
        "contents" => "toc.dat".to_owned(),
        "drop" => files
            .keys()
            .nth(random.next(whole.len()))
            .unwrap()
            .to_owned(),
        _ => member(whole, &mut random),
    };
    if kind == "drop" {
        files.remove(&name);
    } else {
        let bytes = files.get_mut(&name).unwrap();
        change(bytes, kind, &mut random);
    }
    (kind, files)
}

/// The member that a place anywhere in the bytes of all of them lies in.
fn member(whole: &Files, random: &mut Random) -> String {
    let mut at = random.next(whole.values().map(Vec::len).sum());
    for (name, bytes) in whole {
        if at < bytes.len() {
            return name.clone();
        }
        at -= bytes.len();
    }
    whole.keys().next().unwrap().clone()
}

fn change(bytes: &mut Vec<u8>, kind: &str, random: &mut Random) {
    let at = random.next(bytes.len());
    match kind {
        "cut" => bytes.truncate(at),
        "zero" => {
            let end = bytes.len().min(at + ZEROED);
            bytes[at..end].fill(0);
        }
        "delete" => {
            let end = bytes.len().min(at + 1 + random.next(64));
            bytes.drain(at..end);
        }
        "swap" => {
            let blocks = bytes.len() / SWAPPED;
            let (one, other) = (random.next(blocks), random.next(blocks));
            for offset in 0..SWAPPED.min(bytes.len()) {
                bytes.swap(one * SWAPPED + offset, other * SWAPPED + offset);
            }
        }
        _ => bytes[at] ^= 1 << random.next(8),
    }
}
