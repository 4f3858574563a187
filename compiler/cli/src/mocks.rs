//! Mocks of a contract's backends, in this process.

use crate::callers;
use gatewright_build::Error;
use gatewright_compiler::{Checked, mocks};
use gatewright_runtime::mock::{self, MockAddress, MockBackend, Operation, Running};
use std::collections::BTreeMap;

/// Mocks that keep their ports when the contract changes.
#[derive(Debug, Default)]
pub(crate) struct Mocks {
    running: Option<Running>,
    ports: BTreeMap<String, u16>,
}

impl Mocks {
    /// Starts mocks for what `versions` call, in place of those that run.
    pub(crate) fn serve(&mut self, contract: &Checked, versions: &[String]) -> Result<(), Error> {
        let mut backends: Vec<MockBackend> = Vec::new();
        for backend in mocks(contract, versions) {
            let operations = backend.operations.into_iter().map(operation);
            // Backends at one address are one service, whatever the contract calls them.
            let twin = backends
                .iter_mut()
                .find(|other| other.variable.is_some() && other.variable == backend.variable);
            match twin {
                Some(twin) => twin.operations.extend(operations),
                None => backends.push(MockBackend {
                    port: self.ports.get(&backend.name).copied().unwrap_or(0),
                    name: backend.name,
                    variable: backend.variable,
                    operations: operations.collect(),
                }),
            }
        }
        for mut issuer in callers::issuers(contract.contract()) {
            issuer.port = self.ports.get(&issuer.name).copied().unwrap_or(0);
            backends.push(issuer);
        }
        // The old ones first: the new ones take over their ports.
        self.running = None;
        let running = mock::start(backends)
            .map_err(|error| Error::world(format!("cannot start the mocks: {error}")))?;
        for address in running.addresses() {
            self.ports.insert(address.name.clone(), address.address.port());
        }
        self.running = Some(running);
        Ok(())
    }

    /// The variables that lead a gateway to the mocks.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let lead =
            |mock: &MockAddress| Some((mock.variable.clone()?, format!("http://{}", mock.address)));
        self.addresses().iter().filter_map(lead).collect()
    }

    /// The mocks that no variable leads to, by name.
    pub(crate) fn fixed(&self) -> Vec<(String, String)> {
        let fixed = self.addresses().iter().filter(|mock| mock.variable.is_none());
        fixed.map(|mock| (mock.name.clone(), mock.address.to_string())).collect()
    }

    fn addresses(&self) -> &[MockAddress] {
        self.running.as_ref().map(Running::addresses).unwrap_or_default()
    }
}

fn operation(operation: gatewright_compiler::MockOperation) -> Operation {
    Operation {
        method: operation.method,
        path: operation.path,
        rest: operation.rest,
        status: operation.status,
        body: operation.body,
        stream: operation.stream,
    }
}
