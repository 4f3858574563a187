//! Who may call, and what is known of them.

use super::{Names, ShapePlan};
use crate::contract::Contract;
use crate::contract::terms::{Access, Scheme};
use crate::contract::work::Work;

/// A way to say who calls, as generated code names it.
#[derive(Clone, Debug)]
pub struct SchemePlan {
    /// The static's name: `CUSTOMER`.
    pub ident: String,
    /// What is declared.
    pub scheme: Scheme,
}

/// Who may call an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessPlan {
    /// Whether anybody may call. Else somebody must be let in, and without a way in nobody is.
    pub public: bool,
    /// The statics of the ways in.
    pub any: Vec<String>,
    /// Scopes that are all needed.
    pub scopes: Vec<String>,
    /// Roles that are all needed.
    pub roles: Vec<String>,
}

/// What an endpoint reads of whoever calls.
#[derive(Clone, Debug)]
pub struct ClaimsPlan {
    /// The local that holds it.
    pub ident: String,
    /// The static of the scheme.
    pub scheme: String,
    /// The node of the whole.
    pub node: usize,
    /// Whether callers may come in another way, and nothing is known of them in this one.
    pub optional: bool,
    /// Whether the endpoint reads any of it; else it is only checked.
    pub used: bool,
}

/// The schemes that an endpoint of these versions asks for, in the order of the text.
pub(super) fn schemes(contract: &Contract, versions: &[String]) -> Vec<SchemePlan> {
    let versions = contract.versions.iter().filter(|version| versions.contains(&version.label));
    let endpoints = versions.flat_map(|version| &version.endpoints);
    let asked: Vec<&String> = endpoints
        .filter_map(|endpoint| match &endpoint.terms.access {
            Access::Schemes { any, .. } => Some(any),
            Access::Public => None,
        })
        .flatten()
        .collect();
    let mut names = Names::new(&[]);
    let schemes = contract.schemes.iter().filter(|scheme| asked.contains(&&scheme.name));
    schemes
        .map(|scheme| SchemePlan { ident: names.constant(&scheme.name), scheme: scheme.clone() })
        .collect()
}

/// The static of the scheme called `name`.
pub(super) fn ident(schemes: &[SchemePlan], name: &str) -> Option<String> {
    schemes.iter().find(|one| one.scheme.name == name).map(|one| one.ident.clone())
}

/// Who may call, by the statics of `schemes`.
pub(super) fn access(access: &Access, schemes: &[SchemePlan]) -> AccessPlan {
    match access {
        Access::Public => AccessPlan { public: true, ..AccessPlan::default() },
        Access::Schemes { any, scopes, roles, .. } => AccessPlan {
            public: false,
            any: any.iter().filter_map(|name| ident(schemes, name)).collect(),
            scopes: scopes.clone(),
            roles: roles.clone(),
        },
    }
}

/// What is known of callers. Claims that are declared are checked though nobody reads them; what is
/// always known of them is not.
pub(super) fn claims(
    work: &Work,
    shapes: &[ShapePlan],
    (contract, schemes): (&Contract, &[SchemePlan]),
    locals: &mut Names,
) -> Vec<ClaimsPlan> {
    let claims = work.claims.iter().filter_map(|claims| {
        let scheme = contract.schemes.get(claims.scheme)?;
        let node = claims.node.0 as usize;
        let shape = shapes.get(node)?;
        let empty = matches!(&shape.read, super::ReadPlan::Record(_, fields) if fields.is_empty());
        let checked = shape.used || (scheme.claims.declared && !empty);
        checked.then(|| {
            Some(ClaimsPlan {
                ident: locals.local(&claims.name),
                scheme: ident(schemes, &scheme.name)?,
                node,
                optional: shape.null_ok,
                used: shape.used,
            })
        })?
    });
    claims.collect()
}
