//! The registry of codes: name, severity, title.

use super::Severity;

macro_rules! codes {
    ($($variant:ident $name:literal $severity:ident $title:literal;)*) => {
        /// The stable name of a finding. Names are never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the registry.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// `unknown-backend`
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// What it weighs unless the place says otherwise.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// Whether it is about text that cannot be read, and so hides what stands there.
            pub fn is_about_text(self) -> bool {
                self <= Code::NestedTooDeep
            }

            /// Whether it is raised by comparing with what is published.
            pub fn is_about_lock(self) -> bool {
                (Code::LockDamaged..=Code::SunsetMovedCloser).contains(&self)
            }

            /// One line about it.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// The code with this name.
            pub fn named(name: &str) -> Option<Code> {
                match name { $($name => Some(Code::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    // Text that cannot be read: `Code::is_about_text` is about these, `NestedTooDeep` the last.
    UnexpectedText "unexpected-text" Error "something stands where it does not belong";
    ExpectedResponse "expected-response" Error "an endpoint must say what it answers";
    EndpointOutsideVersion "endpoint-outside-version" Error "an endpoint belongs to a version";
    UnclosedBlock "unclosed-block" Error "a block is opened and never closed";
    UnclosedText "unclosed-text" Error "a quoted text is opened and never closed";
    StrayNewline "stray-newline" Error "a line ends inside parentheses";
    NestedTooDeep "nested-too-deep" Error "blocks are nested too deeply";
    // Names.
    MissingApi "missing-api" Error "a contract needs an `api` block";
    DuplicateName "duplicate-name" Error "a name is declared twice";
    AlreadyInherited "already-inherited" Error "a version declares again what it inherits";
    InvalidImport "invalid-import" Error "an import that leads nowhere or has no name";
    ImportCycle "import-cycle" Error "directories import each other";
    UnknownBackend "unknown-backend" Error "there is no backend of this name";
    UnknownOperation "unknown-operation" Error "a backend has no operation of this name";
    UnknownArgument "unknown-argument" Error "an operation takes no value of this name";
    MissingArgument "missing-argument" Error "an operation is called without a value that it needs";
    UnknownType "unknown-type" Error "there is no type of this name";
    UnknownError "unknown-error" Error "there is no error of this name";
    UnknownPolicy "unknown-policy" Error "there is no policy of this name";
    PolicyCycle "policy-cycle" Error "policies use each other";
    UnknownName "unknown-name" Error "nothing of this name is in scope";
    UnknownField "unknown-field" Error "a type has no field of this name";
    UnknownResultField "unknown-result-field" Error "a result has no field of this name";
    // Versions.
    DuplicateVersion "duplicate-version" Error "a version is declared twice";
    UnknownBaseVersion "unknown-base-version" Error "a version starts from one that does not exist";
    NothingToChange "nothing-to-change" Error "an edit of something that is not there";
    InvalidVersions "invalid-versions" Error "versions cannot be told apart this way";
    SunsetBeforeDeprecation "sunset-before-deprecation" Error "a sunset lies before the deprecation";
    SunsetTooSoon "sunset-too-soon" Error "callers have less time than the API promises";
    UnknownSuccessor "unknown-successor" Warning "what is to take something's place is not there";
    InvalidDate "invalid-date" Error "there is no such day";
    // Types and values.
    InvalidBounds "invalid-bounds" Error "bounds that this type does not have, or that leave no value";
    InvalidPattern "invalid-pattern" Error "a pattern that cannot be read";
    PatternTooLarge "pattern-too-large" Error "a pattern that would need too large a table";
    TrivialPattern "trivial-pattern" Warning "a pattern that every text matches, or none";
    InvalidSchema "invalid-schema" Error "a JSON Schema that cannot be read";
    UnsupportedSchema "unsupported-schema" Error "a JSON Schema asks what a gateway does not check";
    EndlessType "endless-type" Error "a type that contains itself without a way to end";
    TypeArgument "type-argument" Error "a type has an argument too many or too few";
    TooDeep "too-deep" Error "something leads on and on, beyond what a gateway is made for";
    TooManyTypes "too-many-types" Error "a version makes too many types of generic ones";
    InvalidValue "invalid-value" Error "a default or example that its own type refuses";
    InvalidStatus "invalid-status" Error "a status that cannot stand here";
    // Routes and signatures.
    DuplicateRoute "duplicate-route" Error "two endpoints answer the same requests";
    AmbiguousRoutes "ambiguous-routes" Error "some requests match two routes";
    InvalidPath "invalid-path" Error "a path that cannot be matched or sent";
    CatchAllNotLast "catch-all-not-last" Error "a parameter for the rest of the path is not its last segment";
    BodyOnGet "body-on-get" Error "a request without a body by its method declares one";
    AccessNotDeclared "access-not-declared" Error "an endpoint must say who may call it";
    UnknownAuth "unknown-auth" Error "there is no `auth` block of this name";
    IncompleteAuth "incomplete-auth" Error "a way to say who calls lacks what it is checked with";
    InvalidAuth "invalid-auth" Error "a way to say who calls cannot hold this";
    Uncountable "uncountable" Error "a limit counts by what is not known of callers";
    SharedCacheLeak "shared-cache-leak" Error "a kept answer would show one caller's data to others";
    InvalidParameter "invalid-parameter" Error "a parameter whose type has no spelling in a request";
    // Work.
    MissingReturn "missing-return" Error "an endpoint with an answer must say what it returns";
    UnreachableReturn "unreachable-return" Error "an answer that is never given";
    FieldNotProvided "field-not-provided" Error "nobody provides a field of the answer";
    AmbiguousSource "ambiguous-source" Error "two sources offer the same field";
    DoubleSpread "double-spread" Error "two results are spread into one record";
    TypeMismatch "type-mismatch" Error "a value does not fit where it goes";
    InvalidPass "invalid-pass" Error "a request that is passed on takes one call and nothing else";
    InvalidStream "invalid-stream" Error "a stream that cannot be made";
    InvalidCache "invalid-cache" Error "a result or an answer that cannot be kept for later";
    InvalidCopy "invalid-copy" Error "a call that cannot be copied";
    CallCycle "call-cycle" Error "calls wait for each other";
    UnboundedEach "unbounded-each" Error "a call per element of a list that nothing bounds";
    NullInCall "null-in-call" Error "a value that can be null goes where null has no spelling";
    UndeclaredFailure "undeclared-failure" Error "an endpoint fails in a way its first line does not say";
    FallbackTypeMismatch "fallback-type-mismatch" Error "a fallback does not have what is read";
    InvalidHeader "invalid-header" Error "a header field that cannot be used here";
    // Backends and environment.
    InvalidAddress "invalid-address" Error "an address that cannot be called";
    InvalidOrigin "invalid-origin" Error "an origin that no browser sends, or that opens too much";
    InvalidClause "invalid-clause" Error "a clause that is repeated or says nothing useful";
    ConflictingVariable "conflicting-variable" Error "an environment variable is declared in two ways";
    SecretInSource "secret-in-source" Error "a secret is written in the source";
    ExposedSecret "exposed-secret" Error "callers would be told a secret";
    NoTimeout "no-timeout" Warning "nothing limits how long a call may take";
    BudgetExceeded "budget-exceeded" Warning "the calls can take longer than the endpoint may";
    LongTimeout "long-timeout" Warning "callers may wait for long";
    CleartextAddress "cleartext-address" Warning "requests leave the own network without TLS";
    UnusedImport "unused-import" Warning "nothing of an imported directory is used";
    AnyAudience "any-audience" Warning "tokens that were made for other services are let in";
    UncountedCallers "uncounted-callers" Warning "a limit holds for some callers of an endpoint, and none for others";
    UnusedAuth "unused-auth" Warning "nobody asks for a way to say who calls";
    UnusedPolicy "unused-policy" Warning "a policy is never used";
    UnsafeChain "unsafe-chain" Warning "two calls that change something, and nothing that makes a second try safe";
    UnusedBackend "unused-backend" Warning "a backend is never called";
    UnusedCall "unused-call" Warning "a call that nobody needs is not made";
    UnusedParameter "unused-parameter" Warning "a parameter is declared and never used";
    UnusedField "unused-field" Warning "callers send a field that nothing reads";
    UnusedFailure "unused-failure" Warning "an endpoint declares an error that nothing in it answers";
    UnusedType "unused-type" Warning "a type is declared and never used";
    UnusedError "unused-error" Warning "an error is declared and never used";
    UnusedAllow "unused-allow" Warning "a warning is allowed that does not occur";
    // Consumers and cases.
    UnknownVersion "unknown-version" Error "there is no version of this name";
    UnknownEndpoint "unknown-endpoint" Error "no endpoint answers this";
    UnknownCall "unknown-call" Error "no call of the endpoint asks what a case answers";
    ImpossibleCase "impossible-case" Error "a case that can never hold";
    CaseFailed "case-failed" Error "a case does not hold";
    ErrorWithoutCase "error-without-case" Warning "no case shows when a declared error is answered";
    // Promises that are hard to keep.
    UntypedResponse "untyped-response" Warning "an answer that promises nothing about itself";
    PassPromisesNothing "pass-promises-nothing" Warning "an endpoint promises nothing about its answers";
    Int64ForJavascript "int64-for-javascript" Warning "a number that JavaScript callers cannot hold";
    ClosedEnumFromBackend "closed-enum-from-backend" Warning "a backend's next value would be a failure";
    UnboundedInput "unbounded-input" Warning "callers may send texts or lists of any length";
    UntypedParameter "untyped-parameter" Warning "a path parameter without a type goes to a backend";
    ExposedText "exposed-text" Warning "what a backend says about itself reaches callers";
    DeprecatedWithoutDate "deprecated-without-date" Warning "callers are told to leave, and not by when";
    DeepDerivation "deep-derivation" Warning "a version is edits upon edits";
    MixedNaming "mixed-naming" Warning "names are written in several styles";
    // What is published.
    LockDamaged "lock-damaged" Error "the lock is not as it was written";
    LockOfAnotherApi "lock-of-another-api" Error "the lock belongs to another API";
    LockRewritten "lock-rewritten" Error "the lock is no continuation of an earlier one";
    PublishedShapeChanged "published-shape-changed" Error "a published endpoint takes or answers something else";
    PublishedEndpointExtended "published-endpoint-extended" Error "a published endpoint takes more than was published";
    PublishedPromiseWeakened "published-promise-weakened" Error "a published endpoint promises less";
    BackendNeedsMore "backend-needs-more" Warning "a published version needs more of a backend";
    PublishedVersionMissing "published-version-missing" Error "a published version is gone";
    PublishedCaseChanged "published-case-changed" Error "a published case shows something else, or is gone";
    RouteShadowed "route-shadowed" Error "a new route takes requests away from a published endpoint";
    SunsetMovedCloser "sunset-moved-closer" Error "an announced end comes sooner";
}
