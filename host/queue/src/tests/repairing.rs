//! Damage: nothing is believed, nothing is lost without a word.
