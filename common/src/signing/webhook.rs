//! Keys of webhooks that need no storage.

use super::Keyring;
use crate::job::Tenant;

impl Keyring {
    /// The default signing secrets of a tenant, 32 bytes each, the current first. Deliveries are signed with all of
    /// them, so that receivers may change over in their own time.
    pub fn tenant_webhook_secrets(&self, tenant: &Tenant) -> Vec<Vec<u8>> {
        let secret =
            |master: &super::keyring::Master| master.derive("webhook", tenant.as_str()).to_vec();
        self.all().iter().map(secret).collect()
    }

    /// The seed of the Ed25519 key whose public half is published.
    pub fn webhook_ed25519_seed(&self) -> [u8; 32] {
        *self.current().derive("webhook-ed25519", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_belong_to_a_tenant_and_survive_a_restart() {
        let key = Keyring::generate_master_key();
        let (acme, other): (Tenant, Tenant) = ("acme".parse().unwrap(), "other".parse().unwrap());
        let ring = Keyring::new(&key, &[]).unwrap();
        let secrets = ring.tenant_webhook_secrets(&acme);
        assert_eq!(secrets.len(), 1);
        assert_eq!(secrets[0].len(), 32);
        assert_ne!(secrets, ring.tenant_webhook_secrets(&other));
        let restarted = Keyring::new(&key, &[]).unwrap();
        assert_eq!(secrets, restarted.tenant_webhook_secrets(&acme));
        assert_eq!(ring.webhook_ed25519_seed(), restarted.webhook_ed25519_seed());
    }

    #[test]
    fn after_a_change_both_secrets_are_in_use() {
        let (old, new) = (Keyring::generate_master_key(), Keyring::generate_master_key());
        let acme = "acme".parse().unwrap();
        let before = Keyring::new(&old, &[]).unwrap().tenant_webhook_secrets(&acme);
        let after = Keyring::new(&new, &[old]).unwrap().tenant_webhook_secrets(&acme);
        assert_eq!(after.len(), 2);
        assert_eq!(after[1], before[0]);
    }
}
