//! Random histories, beside a model that is too simple to be wrong.
