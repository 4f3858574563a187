//! What was typed.

mod artifact;
mod change;
mod compare;
mod vendor;

pub(crate) use artifact::{
    Image, Inspect, InspectFormat, Man, Manifests, ManifestsFor, Push, Sbom, Verify,
};
pub(crate) use change::{Changelog, Needs, NeedsFormat, NewsFormat, Who, WhoFormat};
use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
pub(crate) use compare::{Compare, CompareFormat};
use std::path::PathBuf;
pub(crate) use vendor::Vendor;

/// Compiles versioned HTTP API contracts into static gateways
///
/// A contract is a `.api` file, or a directory of them. `gatewright` checks it, generates a Rust
/// crate in which every route and every backend call is code, and builds that into one static
/// program per version.
#[derive(Debug, Parser)]
#[command(
    name = "gatewright",
    version,
    arg_required_else_help = true,
    after_long_help = "\
Exit codes:
  0  fine
  1  findings: the contract has errors, a file is not formatted, generated code is stale, a case
     failed
  2  wrong use
  3  the outside world failed: a file, the network, the Rust toolchain

Begin with:
  gatewright new hello
  gatewright run hello --mock"
)]
pub(crate) struct Args {
    /// When to use colours; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When something is done.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(New),
    Check(Check),
    Fmt(Fmt),
    Explain(Explain),
    Generate(Generate),
    Build(Build),
    Run(Run),
    Test(Test),
    Mock(Mock),
    Graph(Graph),
    Env(Env),
    Diff(Diff),
    Changelog(Changelog),
    Who(Who),
    Needs(Needs),
    Flatten(Flatten),
    Image(Image),
    Push(Push),
    Manifests(Manifests),
    Compare(Compare),
    Vendor(Vendor),
    Inspect(Inspect),
    Verify(Verify),
    Sbom(Sbom),
    Version(Version),
    Publish(Publish),
    Amend(Amend),
    Retire(Retire),
    Man(Man),
    Completions(Completions),
}

/// Begin a contract
///
/// Makes a directory with a small contract that checks, is formatted and runs with mocks, and a
/// README that says what to do next.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright new hello
  gatewright run hello --mock")]
pub(crate) struct New {
    /// Name of the API and of its directory: lower case letters, digits and `_`
    pub(crate) name: String,
}

/// Check a contract
///
/// Reports everything that is wrong with a contract, or worth a look. Errors stop a build, warnings
/// do not. `gatewright explain CODE` tells more about a finding.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright check                        the contract in this directory
  gatewright check api/shop.api
  gatewright check --fix                  makes the edits marked [fix]
  gatewright check --fix --dry-run        prints them as a patch
  gatewright check --deny warnings        for a build step: warnings fail too
  gatewright check --deny no-timeout,untyped-response
  gatewright check --against origin/main  nothing published there was taken back
  gatewright check --against http://127.0.0.1:9090
                                          the same, of what a running gateway serves
  gatewright check --format github        findings at the lines of a pull request
  gatewright check --format sarif > findings.sarif")]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// How to write findings
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Fail on these too: `warnings`, or codes
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) deny: Vec<String>,
    /// Do not show warnings with these codes
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    /// Compare with another state too: a git revision, a directory, a file, a lock, a tarball, or the
    /// operator's port of a gateway that runs
    #[arg(long, value_name = "WHAT")]
    pub(crate) against: Option<String>,
    /// Make the edits that are marked \[fix\]
    #[arg(long)]
    pub(crate) fix: bool,
    /// Print what --fix would change, as a patch, and change nothing
    #[arg(long, requires = "fix")]
    pub(crate) dry_run: bool,
}

/// Format contracts
///
/// Rewrites files in the one canonical form. A file that cannot be read as a contract is left as it
/// is and reported.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright fmt                          every .api file in and below this directory
  gatewright fmt --check                  only say which files would change
  gatewright fmt --stdin < shop.api       for editors")]
pub(crate) struct Fmt {
    /// Files, or directories with everything below them
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// Change nothing; exit with 1 if a file would change
    #[arg(long)]
    pub(crate) check: bool,
    /// Format standard input to standard output
    #[arg(long, conflicts_with_all = ["paths", "check"])]
    pub(crate) stdin: bool,
}

/// Explain a finding
///
/// Prints what a code means, an example that raises it, one that does not, and what to do. Without
/// a code, lists all codes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright explain unknown-backend
  gatewright explain")]
pub(crate) struct Explain {
    /// The code, as it stands in brackets behind `error`
    pub(crate) code: Option<String>,
}

/// Write the Rust package of a gateway
///
/// Writes one package per version and the source of the runtime beside them. The result can be
/// committed, read, and built with `cargo build --locked` without gatewright. Files that were not
/// generated are never touched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright generate                     gateway/shop-v1/, gateway/gatewright-runtime/
  gatewright generate --check             for a build step: fails when they are stale
  gatewright generate --runtime ../runtime")]
pub(crate) struct Generate {
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// Where to write
    #[arg(long, value_name = "DIR", default_value = "gateway", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) programs: Programs,
    /// Write nothing; exit with 1 if something would change
    #[arg(long)]
    pub(crate) check: bool,
    /// Use the runtime's source in this directory instead of writing it
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath)]
    pub(crate) runtime: Option<PathBuf>,
}

/// Build gateways
///
/// Builds one static program per version. It needs a Rust toolchain, and the crate registry the
/// first time; what all gateways share is compiled once and kept in a cache (GATEWRIGHT_CACHE, by
/// default in the user's cache directory).
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright build                        dist/shop-v1, dist/shop-v2
  gatewright build --version 2            dist/shop-v2
  gatewright build --all-in-one           dist/shop
  gatewright build --name-by-revision     dist/shop-v1.2, dist/shop-v2.0
  gatewright build api/ --out /tmp/shop")]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) contract: Contract,
    #[command(flatten)]
    pub(crate) programs: Programs,
    /// The same source gives the same bytes (default)
    #[arg(long, overrides_with = "dev")]
    pub(crate) release: bool,
    /// Build again quickly after an edit; as fast a program, but its bytes may differ
    #[arg(long, overrides_with = "release")]
    pub(crate) dev: bool,
    /// Where to put programs
    #[arg(long, value_name = "DIR", default_value = "dist", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// Name programs by the revision of their version, as it is published: `shop-v1.2`
    #[arg(long, conflicts_with = "all_in_one")]
    pub(crate) name_by_revision: bool,
    /// The revision that `--version` of the program names; by default what git says
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// For another machine, by its name in Rust: `aarch64-unknown-linux-gnu`
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Option<String>,
    /// Ask nobody for crates: those of earlier builds are there
    #[arg(long)]
    pub(crate) offline: bool,
    /// Take crates from this directory, which `gatewright vendor` made, and ask nobody for any
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) vendored: Option<PathBuf>,
}

/// Run the gateway, and again when the contract is saved
///
/// Builds all versions into one program and starts it. With --mock every backend is a mock that
/// answers from the contract. When a file of the contract is saved, the gateway is built again and
/// takes over; while the contract has errors the running one goes on.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright run --mock                   needs no backend at all
  gatewright run api/ --listen 127.0.0.1:9000
  CATALOG_URL=http://localhost:7001 gatewright run

`gatewright env` lists the variables that a contract reads.")]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// Answer for the backends, from the contract
    #[arg(long)]
    pub(crate) mock: bool,
    /// Only this version
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<String>,
    #[command(flatten)]
    pub(crate) drafts: Drafts,
    /// Address and port to listen on [default: 127.0.0.1:8080, or a free port if that is taken]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<std::net::SocketAddr>,
}

/// Run the cases of a contract
///
/// Builds the gateway and runs every `case` against it. Each has a gateway and mocks of its own, so
/// that no case can see another's calls, breakers or connections. A case holds if the gateway asks
/// exactly what its mocks say and answers exactly what stands behind `then`. What no case shows is
/// listed: endpoints, calls, branches and errors.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright test                         the contract in this directory
  gatewright test api/ --filter review    only cases whose title has this word
  gatewright test --write                 draft cases for what no case shows
  gatewright test --format junit > tests.xml")]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// Only cases whose title holds this text, in any case of its letters
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// How to write the report
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: TestFormat,
    /// Draft cases for what no case shows, into `cases.api` beside the contract
    #[arg(long, conflicts_with = "filter")]
    pub(crate) write: bool,
    #[command(flatten)]
    pub(crate) drafts: Drafts,
    /// How many cases run at once [default: 8, or two per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
}

/// How the report of a test is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// Pictures of the source, for people
    Text,
    /// One document, for machines
    Json,
    /// JUnit's XML, for build servers
    Junit,
}

/// Serve mocks of the backends
///
/// Starts a mock for every backend, each on a port of its own, and prints the variables that lead a
/// gateway to them. They answer from the contract: declared types with their `eg` values.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright mock
  gatewright mock api/shop.api --version 2")]
pub(crate) struct Mock {
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// Only what this version calls
    #[arg(long, value_name = "N")]
    pub(crate) version: Option<String>,
}

/// Draw the calls of endpoints
///
/// Shows what an endpoint asks of its backends: which calls run side by side and which wait for
/// others, their conditions and what failures turn into, how long each can take with all its
/// attempts, and how long all of it can take, beside the budget of the endpoint.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright graph                        every endpoint of the contract in this directory
  gatewright graph api/ \"GET /v1/products/{id}\"
  gatewright graph --format svg > calls.svg
  gatewright graph --format dot | dot -Tpng > calls.png")]
pub(crate) struct Graph {
    /// A `.api` file, or a directory whose `.api` files are one contract [default: .]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) path: Option<String>,
    /// Only these endpoints, with the prefix of their version: "GET /v1/products/{id}"
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoints: Vec<String>,
    /// How to draw
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: GraphFormat,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Rows with bars, for people
    Text,
    /// The language of Graphviz
    Dot,
    /// A drawing that needs nothing beside it
    Svg,
}

/// Print the environment of a gateway
///
/// Prints a commented template with every variable that the gateway reads.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright env > .env
  gatewright env --format kubernetes      the `env` list of a container
  gatewright env --format compose         the `environment` of a service")]
pub(crate) struct Env {
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// For whom
    #[arg(long, value_enum, default_value = "dotenv")]
    pub(crate) format: EnvFormat,
}

/// Say what changed between two contracts, and whom it hurts
///
/// Compares contracts, two versions of one, or a contract with a git revision. Types are compared
/// as sets of JSON values, in requests, in answers and in what backends send. Every change falls
/// under a rule with a stable name, and is breaking, risky, additive or invisible.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright diff origin/main             this directory, compared with a git revision
  gatewright diff old/ new/               two contracts
  gatewright diff --versions 1..2         two versions of the contract in this directory
  gatewright diff api@1 api@2             the same
  gatewright diff http://127.0.0.1:9090   what a running gateway serves, and this directory
  gatewright diff HEAD~1:api api --format markdown > comment.md")]
pub(crate) struct Diff {
    /// The old contract: a file, a directory, DIRECTORY@VERSION, a git revision with or without
    /// :PATH, or the operator's port of a gateway that runs. With --versions, the contract
    #[arg(value_name = "OLD", value_hint = ValueHint::AnyPath)]
    pub(crate) old: Option<String>,
    /// The new contract [default: this directory]
    #[arg(value_name = "NEW", value_hint = ValueHint::AnyPath)]
    pub(crate) new: Option<String>,
    /// Two versions of one contract
    #[arg(long, value_name = "OLD..NEW")]
    pub(crate) versions: Option<String>,
    /// How to write changes
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DiffFormat,
    /// Exit with 1 when there are changes that are so bad, or worse
    #[arg(
        long,
        visible_alias = "fail-on",
        value_enum,
        value_name = "WHAT",
        default_value = "breaking"
    )]
    pub(crate) deny: DenyChange,
}

/// How changes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people
    Text,
    /// One object per line, for machines
    Json,
    /// Tables, for comments on pull requests
    Markdown,
    /// Workflow commands, for pull requests
    Github,
    /// One log, for code hosts and editors
    Sarif,
}

/// Which changes make the command fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DenyChange {
    /// What can stop somebody
    Breaking,
    /// What may, too
    Risky,
}

/// Print one version as if written from nothing
///
/// Prints a contract with this version alone: what it inherits with its edits applied, in its own
/// names, and of the declarations around versions those that it uses. It means what the version
/// means.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright flatten 2                    version 2 of the contract in this directory
  gatewright flatten 2 api/ > shop-v2.api")]
pub(crate) struct Flatten {
    /// The version
    #[arg(value_name = "VERSION")]
    pub(crate) version: String,
    #[command(flatten)]
    pub(crate) contract: Contract,
}

/// Work on versions
///
/// `gatewright version new N` begins a version in a file of its own.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright version new 3                v3.api: version 3 from 2 {}
  gatewright version new 3 --flat         v3.api: everything of version 2, written out")]
pub(crate) struct Version {
    #[command(subcommand)]
    pub(crate) command: VersionCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VersionCommand {
    New(NewVersion),
}

/// Begin a version
///
/// Writes `vN.api` beside the files of the contract: a version that starts from another one, or
/// with --flat everything of that one written out, to begin a chain of edits afresh. Nothing that
/// exists is touched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright version new 3
  gatewright version new 3 api/ --from 1
  gatewright version new 2026-09-01 --flat")]
pub(crate) struct NewVersion {
    /// What it is called: a number or a day
    #[arg(value_name = "VERSION")]
    pub(crate) version: String,
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// The version that it starts from [default: the latest]
    #[arg(long, value_name = "VERSION")]
    pub(crate) from: Option<String>,
    /// Write everything out instead of starting from the other version
    #[arg(long)]
    pub(crate) flat: bool,
}

/// Publish a version
///
/// Writes into `api.lock`, beside the contract, what callers of a version may rely on from here on.
/// A version that is published already gets what is new of it: endpoints, better promises, the day
/// on which it ends, cases. From then on every command compares the contract with it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright publish 1                    version 1 of the contract in this directory
  gatewright publish 1 api/ --dry-run     prints what would be written, and writes nothing
  gatewright publish 1 --by storefront
  gatewright publish --rebase origin/main takes the lock of that branch, with own entries behind

The day is today's, in UTC, or that of SOURCE_DATE_EPOCH.")]
pub(crate) struct Publish {
    /// The version
    #[arg(value_name = "VERSION", required_unless_present = "rebase")]
    pub(crate) version: Option<String>,
    #[command(flatten)]
    pub(crate) contract: Contract,
    /// Write own entries behind those of this git revision
    #[arg(long, value_name = "REVISION")]
    pub(crate) rebase: Option<String>,
    #[command(flatten)]
    pub(crate) signed: Signed,
}

/// Change what is published, for a reason
///
/// Writes into `api.lock` that endpoints of a published version change against what callers were
/// promised, as the contract has them by now. Says who is hurt. The lock shows it for ever.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright amend 1 \"GET /me\" --reason \"legal: email may not be shown\" --by storefront
  gatewright amend 1 \"GET /me\" \"GET /find\" --reason \"…\" --by storefront --contract api/")]
pub(crate) struct Amend {
    /// The version
    #[arg(value_name = "VERSION")]
    pub(crate) version: String,
    /// The endpoints, without the prefix of their version: "GET /me"
    #[arg(value_name = "ENDPOINT", required = true)]
    pub(crate) endpoints: Vec<String>,
    /// A `.api` file, or a directory whose `.api` files are one contract
    #[arg(long, value_name = "PATH", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) contract: PathBuf,
    /// Why it must be
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who approves of it
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// Print what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// End a published version
///
/// Writes into `api.lock` that a version is not served any more, once the day has passed that
/// callers were told. Gateways then answer its requests with 410.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright retire 1
  gatewright retire 1 api/ --by storefront")]
pub(crate) struct Retire {
    /// The version
    #[arg(value_name = "VERSION")]
    pub(crate) version: String,
    #[command(flatten)]
    pub(crate) contract: Contract,
    #[command(flatten)]
    pub(crate) signed: Signed,
}

/// Who writes into a lock.
#[derive(Debug, clap::Args)]
pub(crate) struct Signed {
    /// Who does it [default: git's `user.name`, or the user]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Print shell completions
///
/// Prints a script that completes commands and options in a shell.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright completions bash > ~/.local/share/bash-completion/completions/gatewright
  gatewright completions zsh > ~/.zfunc/_gatewright
  gatewright completions fish > ~/.config/fish/completions/gatewright.fish")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Which contract.
#[derive(Debug, clap::Args)]
pub(crate) struct Contract {
    /// A `.api` file, or a directory whose `.api` files are one contract
    #[arg(value_name = "PATH", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) path: PathBuf,
}

/// Which programs to make of a contract; one per version unless said otherwise.
#[derive(Debug, clap::Args)]
pub(crate) struct Programs {
    /// Only this version
    #[arg(long, value_name = "N", conflicts_with = "all_in_one")]
    pub(crate) version: Option<String>,
    /// One program with every version
    #[arg(long)]
    pub(crate) all_in_one: bool,
    #[command(flatten)]
    pub(crate) drafts: Drafts,
}

/// Whether drafts are served.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Drafts {
    /// Drafts too: versions that nobody may rely on
    #[arg(long = "draft")]
    pub(crate) too: bool,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Pictures of the source, for people
    Text,
    /// One object per line, for machines
    Json,
    /// Workflow commands, for pull requests
    Github,
    /// A SARIF 2.1.0 log, for code hosts and editors
    Sarif,
}

/// Whom the environment is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EnvFormat {
    /// A file of NAME=value lines
    Dotenv,
    /// The `env` list of a container
    Kubernetes,
    /// The `environment` map of a service
    Compose,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_long_help_with_examples() {
        for command in Args::command().get_subcommands() {
            let name = command.get_name();
            assert!(command.get_long_about().is_some(), "{name} has no long text");
            let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains(&format!("gatewright {name}")), "{name} has no example");
        }
    }
}
