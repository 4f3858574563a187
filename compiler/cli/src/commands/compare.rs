//! `gatewright compare`: whether a gateway answers as another one does, where the contract is the same.

mod ask;
mod record;
mod report;

use super::Outcome;
use super::diff::pair;
use crate::args::Compare;
use crate::fetch::{self, Address};
use crate::terminal::Terminal;
use ask::Gateways;
use gatewright_build::Error;
use gatewright_compiler::alike::{Difference, Ignored, Led, Pair, Reasons, Request, of_cases};
use gatewright_compiler::contract::Contract;
use report::Report;

/// A request, and where it comes from.
#[derive(Clone, Debug)]
struct Planned {
    /// `case "…"`, `session.har:3`
    from: String,
    request: Request,
    led: Led,
}

/// A request that was not sent.
#[derive(Clone, Debug)]
struct LeftOut {
    from: String,
    request: Request,
    why: &'static str,
}

/// A request whose answers differ.
#[derive(Clone, Debug)]
struct Differing {
    from: String,
    request: Request,
    /// What differs, and whether the contract explains it.
    found: Vec<(Difference, bool)>,
}

impl Differing {
    fn is_explained(&self) -> bool {
        self.found.iter().all(|(_, explained)| *explained)
    }
}

/// What became of the requests to one endpoint.
#[derive(Debug)]
struct Group {
    /// `GET /v1/products/{id}`; nothing for what leads to no endpoint.
    endpoint: Option<String>,
    reasons: Reasons,
    asked: usize,
    differing: Vec<Differing>,
}

pub(crate) fn run(args: &Compare, terminal: Terminal) -> Result<Outcome, Error> {
    let gateways = Gateways {
        blue: Address::parse(&args.blue)?,
        green: Address::parse(&args.green)?,
        fields: args.header.iter().map(|text| field(text)).collect::<Result<_, _>>()?,
    };
    let (old, new) = pair(args.against.as_deref().unwrap_or(&args.contract), &args.contract)?;
    let Some(after) = new.contract(terminal) else { return Ok(Outcome::Findings) };
    let before = if args.against.is_some() { old.contract(terminal) } else { Some(after) };
    let Some(before) = before else { return Ok(Outcome::Findings) };
    if before.api != after.api {
        let message = format!("blue is a gateway of `{}`, green of `{}`", before.api, after.api);
        return Err(Error::wrong_use(message).help("compare gateways of one API"));
    }
    let pair = Pair::new(before, after);
    let (planned, mut left_out) = planned(args, (&pair, after))?;
    if planned.is_empty() {
        return Err(nothing_to_ask(&left_out));
    }
    fetch::reach(&gateways.blue)?;
    fetch::reach(&gateways.green)?;
    let ignored = Ignored::of(&args.ignore);
    let groups = asked(&planned, (&gateways, &pair), (&ignored, &mut left_out), terminal);
    let report =
        Report { api: &after.api, gateways: &gateways, groups: &groups, left_out: &left_out };
    report.print(args.format, terminal);
    let differs = groups.iter().flat_map(|group| &group.differing).any(|one| !one.is_explained());
    Ok(if differs { Outcome::Findings } else { Outcome::Fine })
}

/// `Name: value`
fn field(text: &str) -> Result<(String, String), Error> {
    let wrong = || {
        Error::wrong_use(format!("`{text}` is no header field"))
            .help("write name and value: `--header \"Authorization: Bearer …\"`")
    };
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    if !record::is_name(name) || value.chars().any(char::is_control) {
        return Err(wrong());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn nothing_to_ask(left_out: &[LeftOut]) -> Error {
    let error = Error::wrong_use("there is nothing to ask");
    let mut told: Vec<&str> = left_out.iter().map(|one| one.why).collect();
    told.sort_unstable();
    told.dedup();
    let told: Vec<String> = told.iter().map(|why| report::because(why, left_out)).collect();
    match told.is_empty() {
        true => error.help("write cases into the contract, or give a recording: `--replay FILE`"),
        false => error.help(told.join("; ")),
    }
}

/// What is sent and what is left out, of cases first, then of recordings. Equal requests are sent once.
fn planned(
    args: &Compare,
    (pair, contract): (&Pair<'_>, &Contract),
) -> Result<(Vec<Planned>, Vec<LeftOut>), Error> {
    let (mut planned, mut left_out): (Vec<Planned>, Vec<LeftOut>) = (Vec::new(), Vec::new());
    let mut put = |from: String, request: Request, why: Option<&'static str>| {
        let led = pair.led(&request);
        let why = why.or(match &led {
            _ if !request.is_safe() && !args.changing => Some(report::CHANGES),
            Led::Gone(_) => Some("blue alone has their endpoint"),
            Led::Came(_) => Some("green alone has their endpoint"),
            Led::Nowhere if !from.starts_with("case ") => Some("they lead to no endpoint"),
            Led::Nowhere | Led::Both(_) => None,
        });
        match why {
            Some(why) => left_out.push(LeftOut { from, request, why }),
            None if planned.iter().any(|one| one.request == request) => {}
            None => planned.push(Planned { from, request, led }),
        }
    };
    for case in of_cases(contract) {
        let unknown = case.is_known && args.header.is_empty();
        let why = unknown.then_some(report::SAYS_WHO);
        put(format!("case \"{}\"", case.title), case.request, why);
    }
    for path in &args.replay {
        for (at, request) in record::read(path)? {
            put(format!("{}:{at}", path.display()), request, None);
        }
    }
    Ok((planned, left_out))
}

/// Asks, and puts what was answered to its endpoint, in the order in which those come.
fn asked(
    planned: &[Planned],
    (gateways, pair): (&Gateways, &Pair<'_>),
    (ignored, left_out): (&Ignored, &mut Vec<LeftOut>),
    terminal: Terminal,
) -> Vec<Group> {
    let bar = terminal.progress("comparison");
    let mut groups: Vec<Group> = Vec::new();
    for (at, one) in planned.iter().enumerate() {
        bar.show(format!("asked {at} of {} requests", planned.len()));
        let Some(found) = gateways.compare(&one.request, ignored) else {
            let (from, request) = (one.from.clone(), one.request.clone());
            left_out.push(LeftOut { from, request, why: "neither answered in time" });
            continue;
        };
        let group = group(&mut groups, &one.led, pair);
        group.asked += 1;
        if found.is_empty() {
            continue;
        }
        let judged = found.into_iter().map(|difference| {
            let explained = group.reasons.explain(&difference);
            (difference, explained)
        });
        let found = judged.collect();
        let (from, request) = (one.from.clone(), one.request.clone());
        group.differing.push(Differing { from, request, found });
    }
    groups
}

fn group<'g>(groups: &'g mut Vec<Group>, led: &Led, pair: &Pair<'_>) -> &'g mut Group {
    let (endpoint, reasons) = match led {
        Led::Both(meeting) => (Some(meeting.name.clone()), pair.reasons(meeting)),
        Led::Gone(_) | Led::Came(_) | Led::Nowhere => (None, Reasons::default()),
    };
    let place = groups.iter().position(|group| group.endpoint == endpoint);
    let place = place.unwrap_or_else(|| {
        groups.push(Group { endpoint, reasons, asked: 0, differing: Vec::new() });
        groups.len() - 1
    });
    groups.get_mut(place).expect("it was found or put there")
}
