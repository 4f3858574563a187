//! Types and errors as written.

use super::*;

/// `error NotFound 404 "There is no such resource" { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorDecl {
    /// `NotFound`
    pub name: Ident,
    /// `404`
    pub status: NumberLit,
    /// What it means, for people.
    pub title: StringLit,
    /// Its members.
    pub record: Option<Record>,
}

/// `type Sku = text(…) eg "…"`, `type Product { … }`, `type Page<T> { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDecl {
    /// `Sku`
    pub name: Ident,
    /// `T` of `Page<T>`.
    pub parameter: Option<Ident>,
    /// What it is.
    pub body: TypeBody,
    /// When it goes.
    pub deprecated: Option<Deprecated>,
}

/// What a type declaration says.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeBody {
    /// `= text(/p_[a-z0-9]{8}/) eg "p_1a2b3c4d"`
    Alias {
        /// The type.
        ty: Type,
        /// An example value.
        example: Option<Value>,
    },
    /// `{ id: Sku }`
    Record(Record),
}

/// `{ id: Sku, title: text }`
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Fields and spreads.
    pub fields: Vec<Field>,
    /// Where it stands, braces included.
    pub span: Span,
}

/// A member of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What it is.
    pub kind: FieldKind,
    /// Documentation before or behind it.
    pub doc: Option<Doc>,
    /// Where it stands, documentation not included.
    pub span: Span,
}

/// What a member of a record is.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// `...Audited`, `...Page<Hit>`: the fields of another record.
    Spread(Type),
    /// `title?: text = "x" eg "y" deprecated`
    Named(NamedField),
}

/// `title?: text = "x" eg "y" deprecated`
#[derive(Clone, Debug, PartialEq)]
pub struct NamedField {
    /// The name, quotes removed.
    pub name: Ident,
    /// `?`: it may be absent.
    pub optional: bool,
    /// Its type.
    pub ty: Type,
    /// The value of an absent field.
    pub default: Option<Value>,
    /// An example value.
    pub example: Option<Value>,
    /// When it goes.
    pub deprecated: Option<Deprecated>,
}

/// A type where one is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// What it is.
    pub base: Base,
    /// What stands in parentheses.
    pub limits: Vec<Bound>,
    /// `as text`
    pub as_text: bool,
    /// `| null`
    pub nullable: bool,
    /// Where it stands.
    pub span: Span,
}

impl Type {
    /// A base without anything around it.
    pub fn plain(base: Base, span: Span) -> Self {
        Self { base, limits: Vec::new(), as_text: false, nullable: false, span }
    }
}

/// The base of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum Base {
    /// `[Line]`
    List(Box<Type>),
    /// `[text: int]`
    Map(Box<Type>, Box<Type>),
    /// `{ id: Sku }`
    Record(Record),
    /// `enum { a b }`
    Enum(EnumBody),
    /// `Page<Hit>`
    Generic(Ident, Box<Type>),
    /// `text`, `Sku`, `common.Money`
    Name(Ident),
}

/// One thing between the parentheses behind a type.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// What it says.
    pub kind: BoundKind,
    /// Where it stands.
    pub span: Span,
}

/// What a bound says.
#[derive(Clone, Debug, PartialEq)]
pub enum BoundKind {
    /// `/p_[a-z0-9]{8}/`: the text between the slashes, `\/` resolved.
    Pattern(String),
    /// `unique`
    Unique,
    /// `schema "file.json"`
    Schema(StringLit),
    /// `1..200`, `..3`, `0..`
    Range(Option<NumberLit>, Option<NumberLit>),
    /// `>0`, `<=1`
    Compare(CompareOp, NumberLit),
    /// `12`
    Number(NumberLit),
}

/// `enum Currency { EUR USD GBP ... }`
#[derive(Clone, Debug, PartialEq)]
pub struct EnumDecl {
    /// `Currency`
    pub name: Ident,
    /// Its values.
    pub body: EnumBody,
}

/// `{ pending paid = "PAID" else unknown }`
#[derive(Clone, Debug, PartialEq)]
pub struct EnumBody {
    /// The declared values.
    pub values: Vec<EnumValue>,
    /// What happens to a value that is not declared.
    pub rest: EnumRest,
    /// Where it stands, braces included.
    pub span: Span,
}

/// What happens to a value that an enum does not declare.
#[derive(Clone, Debug, PartialEq)]
pub enum EnumRest {
    /// It violates the contract.
    Closed,
    /// `...`: it is passed on.
    Open,
    /// `else unknown`: it is replaced.
    Else(Ident),
}

/// `paid = "PAID" deprecated`
#[derive(Clone, Debug, PartialEq)]
pub struct EnumValue {
    /// `paid`
    pub name: Ident,
    /// What stands in JSON, if not the name.
    pub wire: Option<StringLit>,
    /// When it goes.
    pub deprecated: Option<Deprecated>,
    /// Documentation before or behind it.
    pub doc: Option<Doc>,
    /// Where it stands.
    pub span: Span,
}

/// `union Payment by kind { card: CardPayment }`
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// `Payment`
    pub name: Ident,
    /// The field that tells the variant.
    pub tag: Ident,
    /// Its variants.
    pub variants: Vec<Variant>,
}

/// `"bank-transfer": Transfer`
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The tag's value, quotes removed.
    pub name: Ident,
    /// What it holds.
    pub ty: Type,
    /// When it goes.
    pub deprecated: Option<Deprecated>,
    /// Documentation before or behind it.
    pub doc: Option<Doc>,
    /// Where it stands.
    pub span: Span,
}

/// `deprecated since 2026-09-01, sunset 2027-03-01 hard, use GET /x, see "…"`
#[derive(Clone, Debug, PartialEq)]
pub struct Deprecated {
    /// From when on.
    pub since: Option<DateLit>,
    /// When it may go.
    pub sunset: Option<DateLit>,
    /// Whether it ends at the sunset date by itself.
    pub hard: bool,
    /// What to use instead.
    pub successor: Option<Successor>,
    /// Where to read about it.
    pub see: Option<StringLit>,
    /// Where it stands.
    pub span: Span,
}

/// What to use instead of something deprecated.
#[derive(Clone, Debug, PartialEq)]
pub enum Successor {
    /// `use GET /products/{id}`
    Endpoint(Method, Path),
    /// `use other`
    Name(Ident),
}
