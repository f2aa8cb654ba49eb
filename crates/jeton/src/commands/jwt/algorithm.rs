use jeton_jose::Algorithm;

/// An algorithm by its name.
///
/// # Errors
/// A sentence with the names there are.
pub(super) fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(name).ok_or_else(|| format!("it is one of {}", Algorithm::ALL.map(Algorithm::name).join(", ")))
}
