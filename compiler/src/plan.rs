//! The gateway in Rust's terms: every name, rule and route decided, nothing left to look up.

mod access;
mod cors;
mod endpoints;
mod environment;
mod lifecycle;
mod limits;
mod names;
mod records;
mod reuse;
mod routes;
mod rules;
mod sent;
mod shapes;
mod smoke;
mod target;

use crate::contract::endpoint::{Compress, Manner, Shape};
use crate::contract::schema::Schema;
use crate::contract::types::Rule;
use crate::contract::work::{NodeId, Work};
use crate::contract::{Backend, Checked, Contract, InFlight, Selection, Setting, Store, Version};
pub use access::{AccessPlan, ClaimsPlan, SchemePlan};
pub use cors::{CorsPlan, OriginPlan};
pub use environment::{VariablePlan, WantPlan};
pub use lifecycle::{LifecyclePlan, Piece, SuccessorPlan, SunsetPlan, Told};
pub(crate) use names::Names;
pub use records::{RecordPlan, WriterPlan};
pub use reuse::{ReusablePlan, ReusePlan};
pub use routes::{Arrival, Guard, Route};
pub use sent::{BodyStep, SentPlace, SentPlan};
pub use smoke::SmokePlan;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
pub use target::Target;

/// A gateway, ready to be written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The name of the API.
    pub api: String,
    /// Its documentation.
    pub doc: Vec<String>,
    /// The name of the program.
    pub name: String,
    /// The source revision.
    pub revision: String,
    /// Versions as contracts of their own, by label, for the program to carry.
    pub sources: BTreeMap<String, String>,
    /// What it is built by and how, as names and texts.
    pub build: Vec<(&'static str, String)>,
    /// What it reads from the environment.
    pub variables: Vec<VariablePlan>,
    /// The rules that texts of variables must keep.
    pub variable_rules: Vec<RulePlan>,
    /// How many requests it answers at once.
    pub in_flight: Option<InFlight>,
    /// What gateways count shared limits in.
    pub store: Option<Store>,
    /// What it calls.
    pub upstreams: Vec<Upstream>,
    /// How a request names a version.
    pub selection: Selection,
    /// How callers say who they are, those ways alone that an endpoint asks for.
    pub schemes: Vec<SchemePlan>,
    /// What it serves.
    pub versions: Vec<VersionPlan>,
    /// Versions of the API that it does not serve.
    pub elsewhere: Vec<ElsewherePlan>,
    /// Which pages may read what is answered where there is no endpoint.
    pub cors: Option<CorsPlan>,
    /// The names of those who say that they rely on it.
    pub consumers: Vec<String>,
    /// The cases that it asks its backends before it serves.
    pub smoke: Vec<SmokePlan>,
}

/// A version that the gateway does not serve.
#[derive(Clone, Debug)]
pub struct ElsewherePlan {
    /// `1`
    pub label: String,
    /// Literal segments in front of its routes.
    pub prefix: Vec<String>,
    /// How many of the versions that are served come before it.
    pub place: usize,
    /// Whether nobody serves it any more.
    pub retired: bool,
    /// Where to read about it.
    pub see: Option<String>,
}

/// A backend as generated code names it.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// The static's name: `CATALOG`.
    pub ident: String,
    /// What is declared.
    pub backend: Backend,
    /// The operations that are called, in the order of their bytes.
    pub operations: Vec<String>,
}

/// One version.
#[derive(Clone, Debug)]
pub struct VersionPlan {
    /// `1`
    pub label: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// Its revision as programs report it, and the digest of its last entry in the lock.
    pub published: Option<(String, String)>,
    /// The module's name: `v1`.
    pub module: String,
    /// Documentation.
    pub doc: Vec<String>,
    /// Literal segments in front of its routes.
    pub prefix: Vec<String>,
    /// The media type of its JSON.
    pub media_type: String,
    /// What callers are told about its end, if it is deprecated.
    pub lifecycle: Option<LifecyclePlan>,
    /// Rules of scalars and lists that its endpoints share.
    pub rules: Vec<RulePlan>,
    /// Tables of declared types that its endpoints read as a whole.
    pub forms: Vec<FormPlan>,
    /// Declared errors that its endpoints answer.
    pub errors: Vec<ErrorPlan>,
    /// Records that its endpoints read in several places.
    pub records: Vec<RecordPlan>,
    /// Its endpoints.
    pub endpoints: Vec<EndpointPlan>,
    /// Which request leads where.
    pub routes: Route,
}

/// A rule that values are checked by.
#[derive(Clone, Debug, PartialEq)]
pub struct RulePlan {
    /// The static's name: `SKU`.
    pub ident: String,
    /// The reader's name: `sku`.
    pub reader: String,
    /// What callers are told is expected.
    pub expected: String,
    /// What is checked.
    pub kind: RuleKind,
    /// Whether values of JSON are read by it.
    pub read: bool,
}

/// What a rule checks.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleKind {
    /// One value.
    Scalar(Rule),
    /// The elements of a list.
    List {
        /// The fewest.
        min: u64,
        /// The most.
        max: Option<u64>,
        /// Whether no two are equal.
        unique: bool,
        /// How many are read; nothing: all.
        keep: Option<u64>,
    },
    /// The texts around the parameters of a segment.
    Shape(Shape),
    /// JSON as a schema says.
    Schema(Arc<Schema>),
}

/// A declared type as a table.
#[derive(Clone, Debug)]
pub struct FormPlan {
    /// The static's name: `CATEGORY`.
    pub ident: String,
    /// The reader's name: `category`.
    pub reader: String,
    /// The name of the reader that passes over members that are not declared.
    pub reader_of_any: String,
    /// The type as its author would write it.
    pub spelling: String,
    /// What is in it.
    pub kind: FormKind,
    /// Whether values are read by it.
    pub read: bool,
    /// Whether values are read by it, and members that are not declared passed over.
    pub read_of_any: bool,
}

/// What a table is of.
#[derive(Clone, Debug)]
pub enum FormKind {
    /// A record.
    Record(Vec<FieldPlan>),
    /// A union.
    Union {
        /// The member that says the variant.
        tag: String,
        /// What callers are told is expected of it.
        expected: String,
        /// The variants.
        variants: Vec<VariantPlan>,
    },
    /// A value in place.
    Value(FormExpr),
}

/// A variant of a union.
#[derive(Clone, Debug)]
pub struct VariantPlan {
    /// The value of the tag.
    pub name: String,
    /// The fields beside the tag.
    pub fields: Vec<FieldPlan>,
}

/// A field of a record that is read as a whole.
#[derive(Clone, Debug)]
pub struct FieldPlan {
    /// The name it is read by.
    pub name: String,
    /// The name it is written by.
    pub written: String,
    /// What it holds.
    pub form: FormExpr,
    /// Whether it may be absent.
    pub optional: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// The JSON text that an absent one stands for.
    pub default: Option<String>,
}

/// An element of a list, or a value of a map.
#[derive(Clone, Debug)]
pub struct FormSlot {
    /// What it is.
    pub form: FormExpr,
    /// Whether it may be null.
    pub nullable: bool,
}

/// A type in a table. Rules and other tables are named by their statics.
#[derive(Clone, Debug)]
pub enum FormExpr {
    /// Any JSON.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A text.
    Text(String),
    /// A number.
    Number(String),
    /// One of some texts.
    OneOf(String),
    /// A number or boolean that JSON holds as a text.
    AsText(String),
    /// JSON as a schema says.
    Schema(String),
    /// A list by this rule.
    List(String, Box<FormSlot>),
    /// A map.
    Map {
        /// What its keys are.
        key: Box<FormExpr>,
        /// Each value.
        value: Box<FormSlot>,
        /// The fewest entries.
        min: u64,
        /// The most entries.
        max: Option<u64>,
        /// What callers are told is expected.
        expected: String,
    },
    /// Another table.
    Named(String),
}

/// How endpoints refer to a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormUse {
    /// The static's name.
    pub ident: String,
    /// The reader's name.
    pub reader: String,
}

/// A declared error.
#[derive(Clone, Debug)]
pub struct ErrorPlan {
    /// The static's name: `NOT_FOUND`.
    pub ident: String,
    /// Its status.
    pub status: u16,
    /// `urn:problem:shop:not-found`
    pub kind: String,
    /// What it means.
    pub title: String,
}

/// One endpoint.
#[derive(Clone, Debug)]
pub struct EndpointPlan {
    /// The place among its version's endpoints.
    pub index: usize,
    /// The module's name: `get_products_id`.
    pub module: String,
    /// Documentation.
    pub doc: Vec<String>,
    /// The contract line.
    pub signature: String,
    /// `GET`
    pub method: String,
    /// `/v1/products/{id}`
    pub template: String,
    /// Whether its path ends in a parameter for the rest.
    pub rest: bool,
    /// The label of its version.
    pub version: String,
    /// The budget in milliseconds.
    pub timeout: Setting<u64>,
    /// The longest request body.
    pub max_body: u64,
    /// How often it may be called.
    pub limits: Vec<LimitPlan>,
    /// Which pages of other origins may call.
    pub cors: Option<CorsPlan>,
    /// What may be compressed.
    pub compress: Compress,
    /// What callers are told about its end, if it is deprecated.
    pub lifecycle: Option<Told>,
    /// Where they find what takes its place.
    pub successor: Option<SuccessorPlan>,
    /// Whether its answers may be used again.
    pub reuse: ReusePlan,
    /// What its callers may send and should not any more.
    pub deprecated: Vec<SentPlan>,
    /// The places in its body that violations are counted by.
    pub places: Vec<String>,
    /// Parameters.
    pub params: Vec<ParamPlan>,
    /// Whether undeclared query parameters are dropped.
    pub ignore_params: bool,
    /// Whether undeclared body fields are dropped.
    pub ignore_fields: bool,
    /// Who may call.
    pub access: AccessPlan,
    /// What is known of whoever calls.
    pub claims: Vec<ClaimsPlan>,
    /// Whether a body is sent, and whether it must be.
    pub body: Option<BodyPlan>,
    /// How it answers.
    pub manner: Manner,
    /// Calls and answer.
    pub work: Arc<Work>,
    /// How each node of the work is read, by its index.
    pub shapes: Vec<ShapePlan>,
    /// The shared function that writes each record that has one.
    pub writers: BTreeMap<NodeId, String>,
    /// Names of each call, by its index.
    pub calls: Vec<CallPlan>,
    /// The rule of each promise the answer must keep.
    pub promises: Vec<(Rule, String)>,
    /// The static of each table that something is written by, by what it reads and writes.
    pub forms: Vec<(String, String)>,
    /// Each use of a variable of the environment, by its index in the work.
    pub environment: Vec<EnvPlan>,
    /// Statics of the errors it answers, by the error's index in the version.
    pub errors: Vec<(usize, String)>,
}

/// A limit of calls.
#[derive(Clone, Debug)]
pub struct LimitPlan {
    /// What is counted together, unlike any other of the API: `version 1 GET /v1/me per ip`.
    pub name: String,
    /// What callers are told it is called, unlike any other of its endpoint: `ip`.
    pub title: String,
    /// The static of the scheme whose callers it counts, and the claim that it counts them by, if it
    /// is one; nothing where it counts without knowing who calls.
    pub of: Option<(String, Option<String>)>,
    /// What is declared.
    pub limit: crate::contract::terms::Limit,
}

/// A variable of the environment in an endpoint.
#[derive(Clone, Debug)]
pub struct EnvPlan {
    /// The local that holds its text.
    pub ident: String,
    /// The constant that holds its place among the variables of the gateway.
    pub place: String,
    /// Whether it stands in quotes in JSON.
    pub quoted: bool,
    /// Whether it is a number.
    pub number: bool,
}

/// The body that callers send.
#[derive(Clone, Debug)]
pub struct BodyPlan {
    /// The local that holds it.
    pub ident: String,
    /// The fields of a form, if it is one and not JSON.
    pub form: Option<Vec<crate::contract::FormField>>,
    /// Whether it must be there.
    pub required: bool,
    /// Whether anything reads it.
    pub used: bool,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct ParamPlan {
    /// The local that holds it.
    pub ident: String,
    /// Its name on the wire.
    pub wire: String,
    /// Where it stands.
    pub place: crate::contract::Place,
    /// Whether its value stands in quotes in JSON.
    pub quoted: bool,
    /// The static of the segment's shape, for one that is only a part of its segment.
    pub shape: Option<String>,
    /// The static of its rule; nothing for a boolean.
    pub rule: Option<String>,
    /// The static of the list's rule, for a parameter with several values.
    pub list: Option<String>,
    /// Whether they stand in one, with commas between them.
    pub by_comma: bool,
    /// Whether it may be absent, and what stands in.
    pub presence: PresencePlan,
    /// Whether anything reads it.
    pub used: bool,
}

impl ParamPlan {
    /// Whether it holds a number, or numbers.
    pub fn is_number(&self) -> bool {
        !self.quoted && self.rule.is_some()
    }
}

/// Whether a parameter may be absent.
#[derive(Clone, Debug, PartialEq)]
pub enum PresencePlan {
    /// It must be there.
    Required,
    /// It may be absent.
    Optional,
    /// It may be absent, and then is this text.
    Default(String),
    /// It may be absent, and then is these texts.
    Defaults(Vec<String>),
}

/// Names of a call.
#[derive(Clone, Debug)]
pub struct CallPlan {
    /// The local that holds its result: `item`.
    pub result: String,
    /// The local that holds the future: `item_call`.
    pub future: String,
    /// The local that holds the body: `item_body`.
    pub body: String,
    /// The local that tells whether a fallback stood in: `item_fell_back`.
    pub fell_back: String,
    /// The static of its backend.
    pub upstream: String,
    /// The static of the backend that is sent the same.
    pub copies: Option<String>,
}

/// How a node is read.
#[derive(Clone, Debug)]
pub struct ShapePlan {
    /// The field that holds it in its record's struct.
    pub field: String,
    /// The name on the wire, for a field.
    pub wire: String,
    /// How it is read.
    pub read: ReadPlan,
    /// Whether its struct or an ancestor's holds it.
    pub used: bool,
    /// Whether it may be absent.
    pub absent_ok: bool,
    /// Whether it may be null.
    pub null_ok: bool,
    /// Whether its struct is one that endpoints share.
    pub shared: bool,
    /// Whether its text is held beside its parts.
    pub raw: bool,
    /// The tables that it is read by as a whole.
    pub forms: Vec<FormUse>,
    /// The JSON text that an absent one stands for.
    pub default: Option<String>,
}

impl ShapePlan {
    /// Whether it is held as a `Maybe`.
    pub fn maybe(&self) -> bool {
        self.absent_ok || self.null_ok
    }
}

/// How a node is read.
#[derive(Clone, Debug)]
pub enum ReadPlan {
    /// Any JSON.
    Any,
    /// Any text, number or boolean.
    Scalar,
    /// A boolean.
    Boolean,
    /// By the rule or table whose reader has this name.
    Rule(String),
    /// By several tables.
    Forms(Vec<String>),
    /// A record with a struct of this name, and the nodes of its fields.
    Record(String, Vec<usize>),
    /// A list by the rule with this static, and the node of its elements.
    List(String, usize),
    /// A list by the rule with this static, of single values by the reader of this name, that is held
    /// as one text.
    Flat(String, String),
}

/// Decides everything that generated code depends on.
pub fn plan(contract: &Checked, target: &Target) -> Plan {
    let contract = contract.contract();
    let mut names = Names::new(&[]);
    let upstreams = contract.backends.iter().map(|backend| Upstream {
        ident: names.constant(&backend.name),
        backend: backend.clone(),
        operations: Vec::new(),
    });
    let mut upstreams: Vec<Upstream> = upstreams.collect();
    let schemes = access::schemes(contract, &target.versions);
    let mut modules = Names::new(&["upstreams", "variables", "schemes", "rt"]);
    let chosen = contract.versions.iter().filter(|one| target.versions.contains(&one.label));
    let (variables, variable_rules) = environment::plan(contract, chosen);
    let chosen = contract.versions.iter().enumerate();
    let chosen = chosen.filter(|(_, version)| target.versions.contains(&version.label));
    let versions: Vec<VersionPlan> = chosen
        .map(|(at, one)| {
            let module = modules.local(&format!("v{}", one.label));
            let shared = Shared {
                contract,
                target,
                upstreams: &upstreams,
                variables: &variables,
                schemes: &schemes,
            };
            version(&shared, at, one, module)
        })
        .collect();
    for upstream in &mut upstreams {
        upstream.operations = operations(&upstream.ident, &versions);
    }
    Plan {
        api: contract.api.clone(),
        doc: contract.doc.clone(),
        name: target.name.clone(),
        revision: target.revision.clone(),
        build: target.build.clone(),
        sources: target.sources.clone(),
        variables,
        variable_rules,
        in_flight: contract.in_flight,
        store: contract.store.clone(),
        selection: contract.selection.clone(),
        upstreams,
        schemes,
        versions,
        elsewhere: elsewhere(contract, target),
        cors: contract.cors.as_ref().map(|one| cors::plan(one, contract, None)),
        consumers: contract.consumers.iter().map(|one| one.name.clone()).collect(),
        smoke: smoke::plan(contract, target),
    }
}

/// The versions that callers may ask for in vain: first those that were, then those that are.
fn elsewhere(contract: &Contract, target: &Target) -> Vec<ElsewherePlan> {
    let retired = contract.retired.iter().map(|version| ElsewherePlan {
        label: version.label.clone(),
        prefix: contract.selection.prefix(&version.label),
        place: 0,
        retired: true,
        see: version.see.clone(),
    });
    let mut found: Vec<ElsewherePlan> = retired.collect();
    let mut place = 0;
    for version in &contract.versions {
        if target.versions.contains(&version.label) {
            place += 1;
            continue;
        }
        if version.draft {
            continue;
        }
        found.push(ElsewherePlan {
            label: version.label.clone(),
            prefix: version.prefix.clone(),
            place,
            retired: false,
            see: None,
        });
    }
    found
}

/// What is called of the backend with this static.
fn operations(ident: &str, versions: &[VersionPlan]) -> Vec<String> {
    let endpoints = versions.iter().flat_map(|version| &version.endpoints);
    let calls = endpoints.flat_map(|endpoint| endpoint.work.calls.iter().zip(&endpoint.calls));
    let own = calls
        .filter(|(_, names)| names.upstream == ident || names.copies.as_deref() == Some(ident));
    let found: BTreeSet<&String> = own.map(|(call, _)| &call.operation).collect();
    found.into_iter().cloned().collect()
}

/// What versions share.
struct Shared<'a> {
    contract: &'a Contract,
    target: &'a Target,
    upstreams: &'a [Upstream],
    variables: &'a [VariablePlan],
    schemes: &'a [SchemePlan],
}

fn version(shared: &Shared<'_>, at: usize, version: &Version, module: String) -> VersionPlan {
    let Shared { contract, target, upstreams, variables, schemes } = *shared;
    let mut rules = rules::Rules::new(&version.types);
    let mut modules = Names::new(&["types", "errors", "records", "routes"]);
    let mut names = Names::new(&[]);
    let errors: Vec<ErrorPlan> = version
        .errors
        .iter()
        .map(|problem| ErrorPlan {
            ident: names.constant(&problem.name),
            status: problem.status,
            kind: problem.kind(&contract.api),
            title: problem.title.clone(),
        })
        .collect();
    let mut endpoints: Vec<EndpointPlan> = version
        .endpoints
        .iter()
        .enumerate()
        .map(|(index, endpoint)| {
            let with = &target.versions;
            let around = endpoints::Around {
                contract,
                version: at,
                errors: &errors,
                upstreams,
                variables,
                schemes,
                with,
            };
            EndpointPlan { index, ..endpoints::plan(&around, endpoint, &mut modules, &mut rules) }
        })
        .collect();
    let records = records::share(&mut endpoints);
    let routes = routes::plan(&version.endpoints, &mut rules);
    let (rules, forms) = rules.into_lists();
    VersionPlan {
        label: version.label.clone(),
        draft: version.draft,
        published: version.published.as_ref().map(|one| (one.reported(), one.chain.clone())),
        module,
        doc: version.doc.clone(),
        prefix: version.prefix.clone(),
        media_type: contract
            .selection
            .media_type(&version.label)
            .unwrap_or_else(|| "application/json".to_owned()),
        lifecycle: lifecycle::plan([&version.lifecycle]),
        rules,
        forms,
        errors,
        records,
        endpoints,
        routes,
    }
}
