//! What the file system refuses.
