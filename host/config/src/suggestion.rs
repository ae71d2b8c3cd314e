//! "Did you mean …?"

/// The candidate that a misspelt `name` probably stands for, if one is near.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let name = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// Lets `regoin` find `region` and `cert` find `certificate`, but not `endpoint`
/// find `role_alias`.
const NEAR: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_a_transposition_and_a_prefix_but_nothing_far() {
        let keys = ["certificate", "key", "thing_name", "region", "endpoint"];
        assert_eq!(nearest("regoin", keys), Some("region"));
        assert_eq!(nearest("cert", keys), Some("certificate"));
        assert_eq!(nearest("Thing-Name", keys), Some("thing_name"));
        assert_eq!(nearest("colour", keys), None);
    }
}
