//! Leaves a mark all over its memory, and looks for the mark of an instance before it.

/// Written as numbers, so that only a run writes it down.
const MARK: u64 = 0x5EA1_1F70_5EA1_1F70;

/// In 8 byte words: 4 MiB.
const ROOM: usize = 512 * 1024;

sealift_test_guests::misbehave!(|_job| {
    // Memory that nobody initialized: what was there before would be seen here.
    let mut room: Vec<u64> = Vec::with_capacity(ROOM);
    let found = room
        .spare_capacity_mut()
        .iter()
        // SAFETY: not for any program but this, whose memory is WebAssembly's and always holds something.
        .any(|word| unsafe { word.as_ptr().read_volatile() } == MARK);
    for word in room.spare_capacity_mut() {
        word.write(std::hint::black_box(MARK));
    }
    std::hint::black_box(&room);
    match found {
        true => Ok(sealift_test_guests::success("a mark of before")),
        false => Err(sealift_test_guests::error("no mark of before")),
    }
});
