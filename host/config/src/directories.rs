//! Where the XDG base directory specification puts our files.

use std::path::PathBuf;

use crate::Environment;

/// `$XDG_STATE_HOME/sealift`, else `~/.local/state/sealift`.
pub(crate) fn state(env: &Environment) -> Option<PathBuf> {
    base(env, "XDG_STATE_HOME", ".local/state")
}

/// `$XDG_CACHE_HOME/sealift`, else `~/.cache/sealift`.
pub(crate) fn cache(env: &Environment) -> Option<PathBuf> {
    base(env, "XDG_CACHE_HOME", ".cache")
}

fn base(env: &Environment, variable: &str, below_home: &str) -> Option<PathBuf> {
    // The specification: "All paths set in these environment variables must be
    // absolute"; others are to be ignored.
    let absolute = |name| {
        env.var(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute(variable)
        .or_else(|| Some(absolute("HOME")?.join(below_home)))
        .map(|directory| directory.join("sealift"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{cache, state};
    use crate::Environment;

    #[test]
    fn xdg_variables_go_before_home_unless_relative() {
        let env = |pairs: &[(&str, &str)]| pairs.iter().copied().collect::<Environment>();
        let home = ("HOME", "/home/me");
        let expect = |path: &str| Some(PathBuf::from(path));
        assert_eq!(
            state(&env(&[home])),
            expect("/home/me/.local/state/sealift")
        );
        assert_eq!(cache(&env(&[home])), expect("/home/me/.cache/sealift"));
        assert_eq!(
            state(&env(&[home, ("XDG_STATE_HOME", "/s")])),
            expect("/s/sealift")
        );
        assert_eq!(
            cache(&env(&[("XDG_CACHE_HOME", "/c")])),
            expect("/c/sealift")
        );
        assert_eq!(
            cache(&env(&[home, ("XDG_CACHE_HOME", "c")])),
            expect("/home/me/.cache/sealift")
        );
        assert_eq!(state(&env(&[("HOME", "")])), None);
        assert_eq!(state(&env(&[])), None);
    }
}
