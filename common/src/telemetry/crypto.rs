//! The one TLS library of the process.

/// Makes `ring` the TLS provider of the whole process. To be called first in `main`, and in tests that speak TLS;
/// calling it again changes nothing.
pub fn install_crypto() {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_can_be_installed_twice() {
        super::install_crypto();
        super::install_crypto();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
}
