//! Declared types that are read and written as a whole: each distinct one is a table.

use super::Rules;
use crate::contract::types::{Field, Kind, ListBounds, Map, RecordId, Rule, Scalar, Type, UnionId};
use crate::contract::work::Form;
use crate::plan::{
    FieldPlan, FormExpr, FormKind, FormPlan, FormSlot, FormUse, RuleKind, VariantPlan,
};

impl Rules<'_> {
    /// The names of the table of `form`. `ignored` says that a reader is wanted that passes over
    /// members that are not declared.
    pub(crate) fn form(&mut self, form: &Form) -> FormUse {
        let at = self.add_form(form);
        let plan = self.forms.get(at);
        plan.map(|plan| FormUse { ident: plan.ident.clone(), reader: plan.reader.clone() })
            .unwrap_or_default()
    }

    /// The reader of values of `form`; with `ignored`, one that passes over members that are not
    /// declared.
    pub(crate) fn form_reader(&mut self, form: &Form, ignored: bool) -> FormUse {
        let at = self.add_form(form);
        let Some(plan) = self.forms.get_mut(at) else { return FormUse::default() };
        let reader = match ignored {
            false => plan.reader.clone(),
            true => plan.reader_of_any.clone(),
        };
        plan.read |= !ignored;
        plan.read_of_any |= ignored;
        FormUse { ident: plan.ident.clone(), reader }
    }

    /// The place of the table of `form`, which is filled, and so are those that it leads to.
    fn add_form(&mut self, form: &Form) -> usize {
        let at = self.form_place(form);
        // A table may mention itself, and a long row of others: so places come first.
        while let Some((at, form)) = self.unfilled.pop_front() {
            let kind = self.form_kind(&form);
            if let Some(plan) = self.forms.get_mut(at) {
                plan.kind = kind;
            }
        }
        at
    }

    /// The place of the table of `form`.
    fn form_place(&mut self, form: &Form) -> usize {
        let key = form.key();
        if let Some(at) = self.form_index.get(&key) {
            return *at;
        }
        let at = self.forms.len();
        self.form_index.insert(key, at);
        let title = self.title(&form.ty);
        let reader = self.readers.local(&title);
        let reader_of_any = self.readers.local(&format!("{title} of any"));
        self.forms.push(FormPlan {
            ident: self.statics.constant(&title),
            reader,
            reader_of_any,
            spelling: crate::analyse::values::spelling(&form.ty, self.types),
            kind: FormKind::Value(FormExpr::Any),
            read: false,
            read_of_any: false,
        });
        self.unfilled.push_back((at, form.clone()));
        at
    }

    fn title(&self, ty: &Type) -> String {
        match &ty.kind {
            Kind::Record(id) => self.types.record(*id).name.clone().unwrap_or("record".into()),
            Kind::Union(id) => self.types.union(*id).name.clone(),
            Kind::Map(map) => format!("map of {}", self.title(&map.value)),
            Kind::List(element, _) => format!("list of {}", self.title(element)),
            Kind::Scalar(scalar) => match &scalar.name {
                Some(name) => name.clone(),
                None => crate::analyse::values::rule_spelling(&scalar.rule),
            },
            Kind::Json => "json".into(),
            Kind::Foreign(schema) => format!("form of {}", schema.name),
        }
    }

    fn form_kind(&mut self, form: &Form) -> FormKind {
        match &form.ty.kind {
            Kind::Record(id) => FormKind::Record(self.form_fields(*id, form)),
            Kind::Union(id) => self.form_union(*id, form),
            _ => FormKind::Value(self.form_expr(&form.ty, form)),
        }
    }

    fn form_union(&mut self, id: UnionId, form: &Form) -> FormKind {
        let types = self.types;
        let union = types.union(id);
        let names: Vec<&str> = union.variants.iter().map(|one| one.name.as_str()).collect();
        let variants = union.variants.iter().map(|one| VariantPlan {
            name: one.name.clone(),
            fields: self.form_fields(one.record, form),
        });
        FormKind::Union {
            tag: union.tag.clone(),
            variants: variants.collect(),
            expected: format!("one of {}", names.join(", ")),
        }
    }

    fn form_fields(&mut self, id: RecordId, form: &Form) -> Vec<FieldPlan> {
        let types = self.types;
        let field = |field: &Field| FieldPlan {
            name: field.name_as_of(form.reads).to_owned(),
            written: field.name_as_of(form.writes).to_owned(),
            form: self.form_expr(&field.ty, form),
            optional: field.optional,
            nullable: field.ty.nullable,
            default: field.default.as_ref().map(crate::contract::types::Const::json),
        };
        types.record(id).fields.iter().map(field).collect()
    }

    fn form_expr(&mut self, ty: &Type, form: &Form) -> FormExpr {
        match &ty.kind {
            Kind::Json => FormExpr::Any,
            Kind::Foreign(schema) => FormExpr::Schema(self.schema(schema)),
            Kind::Scalar(scalar) => self.form_scalar(scalar),
            Kind::List(element, bounds) => {
                let ListBounds { min, max, unique } = *bounds;
                let rule = self.list(RuleKind::List { min, max, unique, keep: None });
                FormExpr::List(rule, Box::new(self.form_slot(element, form)))
            }
            Kind::Map(map) => self.form_map(map, form),
            Kind::Record(_) | Kind::Union(_) => {
                let inner = Form { ty: Type { nullable: false, ..ty.clone() }, ..form.clone() };
                let at = self.form_place(&inner);
                let table = self.forms.get(at).map(|plan| plan.ident.clone());
                FormExpr::Named(table.unwrap_or_default())
            }
        }
    }

    fn form_slot(&mut self, ty: &Type, form: &Form) -> FormSlot {
        FormSlot { form: self.form_expr(ty, form), nullable: ty.nullable }
    }

    fn form_map(&mut self, map: &Map, form: &Form) -> FormExpr {
        let key = self.form_scalar(&map.key);
        let value = self.form_slot(&map.value, form);
        let ListBounds { min, max, .. } = map.bounds;
        let expected = match (min, max) {
            (0, None) => "a map".to_owned(),
            (0, Some(max)) => format!("a map of at most {max} entries"),
            (min, None) => format!("a map of at least {min} entries"),
            (min, Some(max)) if min == max => format!("a map of {min} entries"),
            (min, Some(max)) => format!("a map of {min} to {max} entries"),
        };
        FormExpr::Map { key: Box::new(key), value: Box::new(value), min, max, expected }
    }

    fn form_scalar(&mut self, scalar: &Scalar) -> FormExpr {
        match &scalar.rule {
            Rule::Bool => FormExpr::Boolean,
            Rule::Text(_) => FormExpr::Text(self.scalar(scalar)),
            Rule::Number(_) => FormExpr::Number(self.scalar(scalar)),
            Rule::Enum(_) => FormExpr::OneOf(self.scalar(scalar)),
            Rule::AsText(_) => FormExpr::AsText(self.scalar(scalar)),
        }
    }
}
