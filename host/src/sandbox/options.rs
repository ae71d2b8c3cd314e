//! How to upload, in the settings of `job.options`.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroize;

use super::Setting;

/// Settings, each name once. One of them may be a secret, which is never shown, and wiped in the end.
///
/// The copy that an instance asks for is its own.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Options(Vec<Setting>);

/// The key of server-side encryption with a key of the customer's (SSE-C).
const SECRET: &str = "sse-customer-key";

impl Options {
    /// Adds a setting. It takes the place of one of the same name.
    pub fn push(&mut self, setting: Setting) {
        let same = |earlier: &&mut Setting| earlier.name == setting.name;
        match self.0.iter_mut().find(same) {
            Some(earlier) => wipe(&mut std::mem::replace(earlier, setting)),
            None => self.0.push(setting),
        }
    }

    /// Adds a setting if there is a value for it.
    pub fn push_some(&mut self, name: &str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.push(Setting::new(name, value.to_string()));
        }
    }

    /// Adds a switch if it is on.
    pub fn push_switch(&mut self, name: &str, on: bool) {
        self.push_some(name, on.then_some(true));
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(wipe);
    }
}

fn wipe(setting: &mut Setting) {
    if setting.name == SECRET {
        setting.value.zeroize();
    }
}

impl Deref for Options {
    type Target = [Setting];

    fn deref(&self) -> &[Setting] {
        &self.0
    }
}

impl From<Vec<Setting>> for Options {
    fn from(settings: Vec<Setting>) -> Self {
        settings.into_iter().collect()
    }
}

impl FromIterator<Setting> for Options {
    fn from_iter<T: IntoIterator<Item = Setting>>(settings: T) -> Self {
        let mut options = Self::default();
        options.extend(settings);
        options
    }
}

impl Extend<Setting> for Options {
    fn extend<T: IntoIterator<Item = Setting>>(&mut self, settings: T) {
        settings.into_iter().for_each(|setting| self.push(setting));
    }
}

impl IntoIterator for Options {
    type Item = Setting;
    type IntoIter = std::vec::IntoIter<Setting>;

    fn into_iter(mut self) -> Self::IntoIter {
        std::mem::take(&mut self.0).into_iter()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |setting: &Setting| {
            let secret = setting.name == SECRET;
            let value = if secret { "(secret)" } else { &setting.value };
            (setting.name.clone(), value.to_owned())
        };
        f.debug_map().entries(self.0.iter().map(shown)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_one_upload_replaces_what_the_configuration_says_of_all() {
        let mut options = Options::from(vec![
            Setting::new("checksum", "crc64nvme"),
            Setting::new("part-size", "8388608"),
        ]);
        options.extend([Setting::new("checksum", "none")]);
        assert_eq!(
            *options,
            [
                Setting::new("checksum", "none"),
                Setting::new("part-size", "8388608"),
            ]
        );
    }

    #[test]
    fn a_customer_key_is_never_shown() {
        let options = Options::from(vec![
            Setting::new("acl", "private"),
            Setting::new(SECRET, "c2VjcmV0"),
        ]);
        assert_eq!(
            format!("{options:?}"),
            r#"{"acl": "private", "sse-customer-key": "(secret)"}"#
        );
    }
}
