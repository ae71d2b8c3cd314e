//! Opens a connection of its own, past the host's HTTP.

sealift_test_guests::misbehave!(|job| {
    let store = sealift_test_guests::store(&sealift_test_guests::job(job)?);
    match std::net::TcpStream::connect(store) {
        Ok(_) => Ok(sealift_test_guests::success("connected")),
        Err(error) => Err(sealift_test_guests::error(error.to_string())),
    }
});
