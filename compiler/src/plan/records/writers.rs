//! Which records are written alike in answers.

use super::interned::Interned;
use crate::contract::work::{Build, Member, NodeId, Operand, Parent, ReplyValue};
use crate::plan::EndpointPlan;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A struct by number, and what is written of it.
pub(super) type Written = (usize, Vec<Member>);

/// The number of the writer of each record that an endpoint answers of its own parts alone.
pub(super) fn of(
    (at, endpoints): (usize, &[EndpointPlan]),
    structs: &[Option<usize>],
    written: &mut Interned<Written>,
) -> BTreeMap<NodeId, usize> {
    let Some(plan) = endpoints.get(at) else { return BTreeMap::new() };
    let mut writers =
        Writers { at, plan, structs, written, seen: BTreeMap::new(), twice: BTreeSet::new() };
    for answer in &plan.work.answers {
        answer.body.iter().for_each(|body| writers.find(body));
    }
    for reply in &plan.work.reply {
        if let ReplyValue::Typed { build, .. } = &reply.value {
            writers.find(build);
        }
    }
    let Writers { seen, twice, .. } = writers;
    let once = seen.into_iter().filter(|(node, _)| !twice.contains(node));
    once.filter_map(|(node, (_, id))| Some((node, id?))).collect()
}

struct Writers<'a> {
    at: usize,
    plan: &'a EndpointPlan,
    structs: &'a [Option<usize>],
    written: &'a mut Interned<Written>,
    /// The records met, each with its members' address and its number.
    seen: BTreeMap<NodeId, (*const Member, Option<usize>)>,
    /// Those that are written in two ways.
    twice: BTreeSet<NodeId>,
}

impl Writers<'_> {
    /// Numbers the records in a value.
    fn find(&mut self, build: &Build) {
        match build {
            Build::Record(Some(node), members) => {
                if self.record(*node, members).is_none() {
                    members.iter().for_each(|member| self.find(&member.value));
                }
            }
            Build::Record(None, members) => {
                members.iter().for_each(|member| self.find(&member.value));
            }
            Build::List { element, .. } => self.find(element),
            Build::Promised(inner, _) | Build::AsText(inner) => self.find(inner),
            Build::Default { value, .. } => self.find(value),
            Build::Array(items) | Build::Or(items) => items.iter().for_each(|one| self.find(one)),
            Build::Const(_) | Build::Copy(_) | Build::Whole(..) => {}
            Build::Holds(_) | Build::Text(_) => {}
        }
    }

    /// The number of the writer of a record, if it needs nothing but the record.
    fn record(&mut self, node: NodeId, members: &[Member]) -> Option<usize> {
        if let Some((before, id)) = self.seen.get(&node) {
            if *before != members.as_ptr() {
                self.twice.insert(node);
                return None;
            }
            return *id;
        }
        let id = self.number(node, members);
        self.seen.insert(node, (members.as_ptr(), id));
        id
    }

    fn number(&mut self, node: NodeId, members: &[Member]) -> Option<usize> {
        let place = node.0 as usize;
        let of = (*self.structs.get(place)?)?;
        if self.plan.shapes.get(place)?.raw {
            return None;
        }
        let mut text = format!("#{of} ");
        self.members(members, node, &mut text)?;
        Some(self.written.add(text, (self.at, node), || (of, members.to_vec())))
    }

    fn members(&mut self, members: &[Member], base: NodeId, text: &mut String) -> Option<()> {
        for Member { name, missing, value } in members {
            let _ = write!(text, "{name:?} {missing:?} ");
            self.value(value, base, text)?;
        }
        Some(())
    }

    /// Describes a value that is made of parts of `base`; nothing if it needs anything else.
    fn value(&mut self, build: &Build, base: NodeId, text: &mut String) -> Option<()> {
        match build {
            Build::Const(constant) => {
                let _ = write!(text, "={};", constant.json());
            }
            Build::Copy(Operand::Node(node)) => self.path(*node, base, text)?,
            Build::Promised(inner, scalar) => {
                let _ = write!(text, "!{:?} ", scalar.rule);
                self.value(inner, base, text)?;
            }
            Build::Record(Some(node), members) => {
                self.path(*node, base, text)?;
                match self.record(*node, members) {
                    Some(id) => {
                        let _ = write!(text, "#{id};");
                    }
                    None => self.braced(members, base, text)?,
                }
            }
            Build::Record(None, members) => self.braced(members, base, text)?,
            Build::Whole(node, form) => {
                self.path(*node, base, text)?;
                let _ = write!(text, "{};", form.key());
            }
            Build::AsText(inner) => {
                text.push('"');
                self.value(inner, base, text)?;
            }
            Build::Default { value, default, nullable } => {
                let _ = write!(text, "?{} {nullable} ", default.json());
                self.value(value, base, text)?;
            }
            Build::List { from, element, first } => {
                self.path(*from, base, text)?;
                let _ = write!(text, "[{first:?} ");
                self.value(element, base, text)?;
            }
            Build::Copy(_) | Build::Array(_) | Build::Holds(_) | Build::Text(_) | Build::Or(_) => {
                return None;
            }
        }
        Some(())
    }

    fn braced(&mut self, members: &[Member], base: NodeId, text: &mut String) -> Option<()> {
        text.push('{');
        self.members(members, base, text)?;
        text.push('}');
        Some(())
    }

    /// How a node is reached from `base`; nothing if it is no part of it.
    fn path(&self, node: NodeId, base: NodeId, text: &mut String) -> Option<()> {
        if node == base {
            text.push('.');
            return Some(());
        }
        match &self.plan.work.node(node).parent {
            Parent::Field(up, name) => {
                self.path(*up, base, text)?;
                let _ = write!(text, "{name:?}.");
            }
            Parent::Element(up) => {
                self.path(*up, base, text)?;
                text.push_str("[].");
            }
            _ => return None,
        }
        Some(())
    }
}
