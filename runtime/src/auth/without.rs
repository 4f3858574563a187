//! A gateway that is built without access: it starts only where nobody has to be asked.

use std::io;
use std::sync::Arc;

use http::HeaderMap;

use super::{Certificate, Principal};
use crate::contract::{Access, Contract, Scheme};
use crate::error::{Error, Kind};

/// What a scheme checks with, read from the environment.
#[derive(Debug)]
pub(crate) enum Prepared {}

impl Prepared {
    /// Nothing can be prepared.
    pub(crate) fn read(
        _: &'static Scheme,
        _: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Prepared, (&'static str, String)> {
        Err(("", "but this gateway is built without the feature `auth`".to_owned()))
    }
}

/// What lets callers in: nothing does.
#[derive(Debug)]
pub(crate) struct Guards;

impl Guards {
    /// No guard at all.
    pub(crate) fn start(_: &Contract, _: Vec<Prepared>) -> io::Result<Guards> {
        Ok(Guards)
    }

    /// Nobody has to be asked for anything.
    pub(crate) fn are_ready(&self) -> bool {
        true
    }

    /// Lets nobody in but where anybody may call.
    ///
    /// # Errors
    ///
    /// 500 where somebody has to be asked.
    pub(crate) async fn admit(
        &self,
        access: &Access,
        _: &HeaderMap,
        _: Option<&Certificate>,
    ) -> Result<Option<Arc<Principal>>, Error> {
        match access {
            Access::Public => Ok(None),
            Access::Schemes { .. } => Err(Error::from(Kind::Internal)
                .because("the gateway is built without the feature `auth`".to_owned())),
        }
    }
}
