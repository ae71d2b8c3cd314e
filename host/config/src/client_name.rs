//! What a local program goes by.

name! {
    /// The name of a local client of the gateway: 1–32 of `[a-z0-9_-]`, so that it is a file's name too.
    ClientName, "a client's name", 32 of "a-z 0-9 _ -",
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c)
}

impl ClientName {
    /// The client that always exists.
    pub const DEFAULT: &'static str = "default";

    /// The name of the client that always exists.
    pub fn default_client() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::ClientName;
    use crate::NameError;

    #[test]
    fn the_name_of_the_client_that_always_exists_is_a_name() {
        assert_eq!(
            ClientName::DEFAULT.parse(),
            Ok(ClientName::default_client())
        );
    }

    #[test]
    fn a_name_that_would_be_another_file_is_refused() {
        for (text, bad) in [("../x", '.'), ("a/b", '/'), (".", '.'), ("A", 'A')] {
            let refused = text.parse::<ClientName>();
            assert!(
                matches!(refused, Err(NameError::Character { found, .. }) if found == bad),
                "{text}"
            );
        }
    }
}
