//! How connections to a backend are made, as the contract and the environment say.

use super::OWN;
use super::Reader;
use super::report::Fault;
use crate::contract::Backend;
#[cfg(feature = "tls")]
use crate::upstream::Trust;
use crate::upstream::{Address, Approach, Nameservers};

impl Reader<'_> {
    /// How connections to a backend at this address are made; nothing, and a fault, where nothing
    /// can secure them.
    #[cfg(feature = "tls")]
    pub(super) fn approach(&mut self, backend: &Backend, address: &Address) -> Option<Approach> {
        let nameservers = self.nameservers()?;
        if !address.secure {
            return Some(Approach { nameservers, ..Approach::default() });
        }
        let named = backend.certificate.map(|(chain, key)| [chain, key]);
        for name in backend.authorities.into_iter().chain(named.into_iter().flatten()) {
            // One that is missing has its fault already.
            self.texts.get(name)?;
        }
        let text = |name: &str| self.texts.get(name).cloned().unwrap_or_default();
        match Trust::of(backend, &text) {
            Ok(trust) => Some(Approach { trust, nameservers }),
            Err((setting, reason)) => {
                self.faults.push(Fault::of_backend(backend, setting, reason));
                None
            }
        }
    }

    /// How connections to a backend are made. None of them is secured: an address that asks for it
    /// is refused.
    #[cfg(not(feature = "tls"))]
    pub(super) fn approach(&mut self, _: &Backend, _: &Address) -> Option<Approach> {
        Some(Approach { nameservers: self.nameservers()? })
    }

    /// Who knows where services are; nothing, and a fault told once, where that is nobody.
    fn nameservers(&mut self) -> Option<Nameservers> {
        const NAME: &str = "NAMESERVERS";
        let Some(text) = self.texts.get(NAME) else { return Some(Nameservers::default()) };
        match Nameservers::parse(text) {
            Ok(nameservers) => Some(nameservers),
            Err(reason) => {
                let reason = format!("is `{text}`, {reason}");
                let own = OWN.iter().find(|own| own.name == NAME);
                let own = own.filter(|_| !self.faults.iter().any(|fault| fault.is_about(NAME)));
                self.faults.extend(own.map(|own| Fault::invalid(own, reason)));
                None
            }
        }
    }
}
