//! What was typed about programs that are built: inspect, verify, sbom, image, push, manifests.

use super::{Contract, Programs};
use clap::{ValueEnum, ValueHint};
use std::path::PathBuf;

/// Say what a program is
///
/// Reads what `gatewright build` put into a program, without running it: its contract and versions
/// with their digests, what it was built by and how, and the crates that it is made of. A gateway
/// that runs is asked on its operator's port.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright inspect dist/shop-v1
  gatewright inspect dist/shop-v1 --format json | jq -r '.contract.files[].name'
  gatewright inspect dist/shop.oci.tar    the programs of its images
  gatewright inspect http://127.0.0.1:9090")]
pub(crate) struct Inspect {
    /// A program, an archive of images, an image in a registry, or the operator's port of a gateway that runs
    #[arg(value_name = "WHAT", value_hint = ValueHint::FilePath)]
    pub(crate) what: String,
    /// How to say it
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: InspectFormat,
    /// Ask a registry without TLS
    #[arg(long)]
    pub(crate) plain_http: bool,
}

/// How a program is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectFormat {
    /// For people
    Text,
    /// One document with the texts of the contract and all crates, for machines
    Json,
}

/// Make sure that a program or an image is what it says
///
/// Reads a program without running it, and generates its code again from the texts that it carries:
/// the digests must be those of its label. With a contract, texts and code are compared with that, and
/// the program is built again, to the same bytes. Where something differs, it says in which endpoint.
/// Of images, in an archive or a registry, the programs in them are looked at; with a public key, the
/// other half of it must have signed them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright verify dist/shop-v1
  gatewright verify dist/shop-v1 api/
  gatewright verify dist/shop-v1 api/ --no-build      compares texts and code, and builds nothing
  gatewright verify dist/shop.oci.tar --key release.pub
  gatewright verify registry.example/team/shop:1 --key release.pub")]
pub(crate) struct Verify {
    /// A program, an archive of images, or an image in a registry
    #[arg(value_name = "PROGRAM|IMAGE", value_hint = ValueHint::FilePath)]
    pub(crate) what: String,
    /// The contract that it is said to be made of: a `.api` file, or a directory
    #[arg(value_name = "CONTRACT", value_hint = ValueHint::AnyPath)]
    pub(crate) contract: Option<PathBuf>,
    /// Do not build the program again
    #[arg(long, requires = "contract")]
    pub(crate) no_build: bool,
    /// The public half of the key that signed the images
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
    /// Ask the registry without TLS; one on this machine is asked so anyway
    #[arg(long)]
    pub(crate) plain_http: bool,
}

/// Print the bill of materials of a program
///
/// Prints which crates a program is made of, with versions, digests and licences, as CycloneDX 1.6.
/// All of it stands in the program.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright sbom dist/shop-v1 > shop-v1.cdx.json")]
pub(crate) struct Sbom {
    /// A program
    #[arg(value_name = "PROGRAM", value_hint = ValueHint::FilePath)]
    pub(crate) program: PathBuf,
}

/// Put programs into images
///
/// Writes an archive in the layout of the OCI with an image for each program: nothing but the program,
/// run by nobody in particular, with labels by the keys of the OCI. No container engine is needed, and
/// equal programs give equal images. Tags are the version, its revision, the commit, and `latest` for
/// the last program.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright image dist/shop-v1                       dist/shop.oci.tar
  gatewright image dist/shop-v1 dist/shop-v2          an image for each version
  gatewright image dist/shop-v1 --tag stable --out shop.tar
  gatewright image dist/shop-v* --index release-7     all versions under one more name
  gatewright image dist/shop-v1 --sign release.key
  podman load -i dist/shop.oci.tar
  skopeo copy oci-archive:dist/shop.oci.tar:latest docker://registry.example/shop:latest")]
pub(crate) struct Image {
    /// Programs of one API
    #[arg(value_name = "PROGRAM", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) programs: Vec<PathBuf>,
    /// The archive [default: NAME.oci.tar beside the first program]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// What the images are called where they are loaded [default: the name of the API]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A tag for the last program, in place of the usual ones
    #[arg(long)]
    pub(crate) tag: Vec<String>,
    /// One more image index under this tag, which names all of them: a release with one digest
    #[arg(long, value_name = "TAG")]
    pub(crate) index: Vec<String>,
    /// Sign the images with this private key: ECDSA with P-256, or Ed25519, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sign: Option<PathBuf>,
}

/// Send programs to a registry as images
///
/// Makes the images that `gatewright image` makes, and sends them: layers that are there are not sent
/// again. Prints the digest of each. Who sends them is said by REGISTRY_USERNAME and REGISTRY_PASSWORD,
/// or by the files of `podman login` and `docker login`. SSL_CERT_FILE names more authorities to trust.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright push dist/shop-v1 dist/shop-v2 --to registry.example/team/shop
  gatewright push dist/shop-v1 --to 127.0.0.1:5000/shop --tag stable
  gatewright push dist/shop-v1 --to registry.example/team/shop --sign release.key")]
pub(crate) struct Push {
    /// Programs of one API
    #[arg(value_name = "PROGRAM", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) programs: Vec<PathBuf>,
    /// The registry, and the name there
    #[arg(long, value_name = "HOST/NAME", required = true)]
    pub(crate) to: String,
    /// A tag for the last program, in place of the usual ones
    #[arg(long)]
    pub(crate) tag: Vec<String>,
    /// One more image index under this tag, which names all of them: a release with one digest
    #[arg(long, value_name = "TAG")]
    pub(crate) index: Vec<String>,
    /// Sign the images with this private key: ECDSA with P-256, or Ed25519, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) sign: Option<PathBuf>,
    /// Without TLS; a registry on this machine is asked so anyway
    #[arg(long)]
    pub(crate) plain_http: bool,
}

/// Print what rolls gateways out
///
/// Prints manifests for the programs that `gatewright build` makes of a contract: with probes on the
/// operator's port, time to end what was begun, no rights that are not needed, and the variables that
/// the contract reads. They are plain, and meant to be kept and edited.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright manifests --image registry.example/shop | kubectl apply -f -
  gatewright manifests --out deploy/                    files, and a kustomization.yaml
  gatewright manifests --env-file shop.env              with what variables are
  gatewright manifests --blue-green                     each version twice, and a switch
  gatewright manifests --for kustomize --out deploy/    a base, and overlays to edit
  gatewright manifests --for systemd --out units/
  gatewright manifests --for compose > compose.yaml")]
pub(crate) struct Manifests {
    #[command(flatten)]
    pub(crate) contract: Contract,
    #[command(flatten)]
    pub(crate) programs: Programs,
    /// For what
    #[arg(long = "for", value_enum, value_name = "WHAT", default_value = "kubernetes")]
    pub(crate) target: ManifestsFor,
    /// What images are called [default: the name of the API]
    #[arg(long, value_name = "NAME")]
    pub(crate) image: Option<String>,
    /// What variables are, as lines of `NAME=value`: for what manifests say, and which ports may be called
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) env_file: Option<PathBuf>,
    /// An environment with an overlay of its own for Kustomize [default: staging and production]
    #[arg(long, value_name = "NAME")]
    pub(crate) overlay: Vec<String>,
    /// Where programs lie on a host with systemd [default: /usr/local/bin]
    #[arg(long, value_name = "DIR")]
    pub(crate) bin: Option<String>,
    /// Two deployments of each program in Kubernetes, and a service that is switched between them
    #[arg(long)]
    pub(crate) blue_green: bool,
    /// Write files into this directory instead of printing them
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
}

/// What manifests are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ManifestsFor {
    /// A cluster
    Kubernetes,
    /// Clusters: a base, and an overlay for each environment
    Kustomize,
    /// One host: a service and a socket for each program
    Systemd,
    /// One machine with a container engine
    Compose,
}

/// Print pages for `man`
///
/// Prints the page of `gatewright`, or writes that and one for each command into a directory. They say what
/// `--help` says.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  gatewright man | man -l -
  gatewright man --out ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Write a page for each command into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
}
