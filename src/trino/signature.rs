//! What functions take and give, written as Trino's documentation writes it.
//!
//! `(array(T), function(T, boolean)) -> array(T)`: single capitals are types of
//! any kind, single small letters the numbers of a type (`varchar(x)`,
//! `timestamp(p)`), `T...` any number more of the same. `<T: orderable>` ahead
//! of it all asks that of T.

use std::collections::HashMap;

use super::error::Problem;
use super::expr::Expr;
use super::types::Type;

/// A signature with its variables open.
#[derive(Debug)]
pub(crate) struct Signature {
    parameters: Vec<Pattern>,
    /// The last parameter stands for any number of arguments, also none.
    is_variadic: bool,
    result: Pattern,
    constraints: Vec<(char, Constraint)>,
}

#[derive(Clone, Copy, Debug)]
enum Constraint {
    Comparable,
    Orderable,
}

#[derive(Clone, Debug)]
enum Pattern {
    Exactly(Type),
    Variable(char),
    Varchar(char),
    Decimal(char, char),
    Timestamp(char),
    TimestampTz(char),
    Array(Box<Pattern>),
    Map(Box<Pattern>, Box<Pattern>),
    Row(Vec<Pattern>),
    Function(Vec<Pattern>, Box<Pattern>),
}

/// What the variables stand for in one call.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bindings {
    types: HashMap<char, Type>,
    numbers: HashMap<char, Option<u32>>,
}

/// An argument of a call.
pub(crate) enum Argument {
    Value(Type),
    /// A lambda with so many parameters.
    Lambda(usize),
}

/// A signature that fits a call.
#[derive(Debug)]
pub(crate) struct Match {
    /// The types to which the arguments are widened.
    pub(crate) parameters: Vec<Type>,
    pub(crate) result: Type,
    /// The bodies of the lambdas, in the places of their arguments.
    pub(crate) lambdas: Vec<Option<Expr>>,
    /// No argument is widened.
    pub(crate) is_exact: bool,
}

/// Types the body of the lambda at an argument's place, given those of its parameters.
pub(crate) type TypeLambda<'l> = dyn FnMut(usize, &[Type]) -> Result<Expr, Problem> + 'l;

impl Signature {
    /// Reads a signature. A text that is none gives one that fits nothing; the
    /// tests of this module read them all.
    pub(crate) fn parse(text: &str) -> Option<Signature> {
        let (constraints, text) = match text.strip_prefix('<') {
            Some(rest) => {
                let (constraints, rest) = rest.split_once('>')?;
                (constraints.split(',').map(parse_constraint).collect::<Option<_>>()?, rest)
            }
            None => (Vec::new(), text),
        };
        let (parameters, result) = text.rsplit_once(" -> ")?;
        let mut parser = Parser { rest: parameters.trim().strip_prefix('(')? };
        let mut signature = Signature {
            parameters: Vec::new(),
            is_variadic: false,
            result: Parser { rest: result }.parse()?,
            constraints,
        };
        while !parser.accept(")") {
            signature.parameters.push(parser.parse()?);
            signature.is_variadic = parser.accept("...");
            parser.accept(",");
        }
        parser.rest.is_empty().then_some(signature)
    }

    /// Fits the signature to the arguments of a call.
    ///
    /// # Errors
    ///
    /// The body of a lambda is wrong in itself.
    pub(crate) fn fit(
        &self,
        arguments: &[Argument],
        type_lambda: &mut TypeLambda<'_>,
    ) -> Result<Option<Match>, Problem> {
        let fixed = self.parameters.len() - usize::from(self.is_variadic);
        if arguments.len() < fixed || (arguments.len() > fixed && !self.is_variadic) {
            return Ok(None);
        }
        let pattern = |i: usize| &self.parameters[i.min(self.parameters.len() - 1)];
        let mut bindings = Bindings::default();
        for (i, argument) in arguments.iter().enumerate() {
            let fits = match (pattern(i), argument) {
                (Pattern::Function(parameters, _), Argument::Lambda(arity)) => parameters.len() == *arity,
                (pattern, Argument::Value(ty)) => bindings.unify(pattern, ty),
                _ => false,
            };
            if !fits {
                return Ok(None);
            }
        }
        let mut lambdas: Vec<Option<Expr>> = Vec::new();
        if arguments.iter().any(|argument| matches!(argument, Argument::Lambda(_))) {
            // The type of a body can widen what the lambda itself is given, as the state of `reduce`.
            loop {
                let before = bindings.clone();
                lambdas.clear();
                for (i, argument) in arguments.iter().enumerate() {
                    let (Pattern::Function(parameters, result), Argument::Lambda(_)) = (pattern(i), argument)
                    else {
                        lambdas.push(None);
                        continue;
                    };
                    let parameters: Vec<Type> = parameters.iter().map(|p| bindings.instantiate(p)).collect();
                    let body = type_lambda(i, &parameters)?;
                    if !bindings.unify(result, &body.ty) {
                        return Ok(None);
                    }
                    lambdas.push(Some(body));
                }
                if bindings == before {
                    break;
                }
            }
        }
        if !self.constraints_hold(&bindings) {
            return Ok(None);
        }
        let parameters: Vec<Type> = (0..arguments.len()).map(|i| bindings.instantiate(pattern(i))).collect();
        let mut is_exact = true;
        for (i, (parameter, argument)) in parameters.iter().zip(arguments).enumerate() {
            let fits = match (argument, parameter, lambdas.get(i)) {
                (Argument::Value(ty), parameter, _) => {
                    is_exact &= ty == parameter;
                    ty.widens_to(parameter)
                }
                // The body of a lambda is not widened, other than text and NULL.
                (Argument::Lambda(_), Type::Function(_, result), Some(Some(body))) => {
                    body.ty == **result
                        || body.ty == Type::Unknown
                        || (body.ty.is_varchar() && body.ty.widens_to(result))
                }
                _ => false,
            };
            if !fits {
                return Ok(None);
            }
        }
        Ok(Some(Match { parameters, result: bindings.instantiate(&self.result), lambdas, is_exact }))
    }

    /// Whether it takes arguments of types that another one settled on.
    pub(crate) fn takes(&self, types: &[Type]) -> bool {
        let fixed = self.parameters.len() - usize::from(self.is_variadic);
        let mut bindings = Bindings::default();
        types.len() >= fixed
            && (types.len() == fixed || self.is_variadic)
            && types.iter().enumerate().all(|(i, ty)| {
                match (&self.parameters[i.min(self.parameters.len() - 1)], ty) {
                    (Pattern::Function(parameters, _), Type::Function(types, _)) => {
                        parameters.len() == types.len()
                    }
                    (pattern, ty) => bindings.unify(pattern, ty),
                }
            })
    }

    /// Whether its parameters are of settled types.
    pub(crate) fn is_concrete(&self) -> bool {
        !self.parameters.iter().any(Pattern::is_open)
    }

    fn constraints_hold(&self, bindings: &Bindings) -> bool {
        self.constraints.iter().all(|(name, constraint)| match (bindings.types.get(name), constraint) {
            (None, _) => true,
            (Some(ty), Constraint::Comparable) => ty.is_comparable(),
            (Some(ty), Constraint::Orderable) => ty.is_orderable(),
        })
    }
}

impl Pattern {
    fn is_open(&self) -> bool {
        match self {
            Pattern::Exactly(_) => false,
            Pattern::Array(element) => element.is_open(),
            Pattern::Map(key, value) => key.is_open() || value.is_open(),
            Pattern::Row(fields) => fields.iter().any(Pattern::is_open),
            _ => true,
        }
    }
}

impl Bindings {
    /// Binds the variables of a pattern so that a type widens to it.
    fn unify(&mut self, pattern: &Pattern, ty: &Type) -> bool {
        match (pattern, ty) {
            (Pattern::Exactly(wanted), ty) => ty.widens_to(wanted),
            (Pattern::Variable(name), ty) => match self.types.get(name) {
                None => {
                    self.types.insert(*name, ty.clone());
                    true
                }
                Some(bound) => match bound.common(ty) {
                    Some(common) => {
                        self.types.insert(*name, common);
                        true
                    }
                    None => false,
                },
            },
            (Pattern::Varchar(x), Type::Varchar(length)) => self.bind(*x, *length),
            (Pattern::Varchar(x), Type::Unknown) => self.bind(*x, Some(0)),
            (Pattern::Decimal(p, s), ty) => match ty.common(&Type::Decimal(1, 0)) {
                Some(Type::Decimal(precision, scale)) => {
                    // The common type of a decimal with the narrowest is itself.
                    let (precision, scale) = match ty {
                        Type::Decimal(precision, scale) => (*precision, *scale),
                        _ => (precision, scale),
                    };
                    self.bind(*p, Some(precision.into())) && self.bind(*s, Some(scale.into()))
                }
                _ => false,
            },
            (Pattern::Timestamp(p), Type::Timestamp(precision)) => self.bind(*p, Some((*precision).into())),
            (Pattern::Timestamp(p), Type::Date | Type::Unknown) => self.bind(*p, Some(0)),
            (Pattern::TimestampTz(p), Type::TimestampTz(precision) | Type::Timestamp(precision)) => {
                self.bind(*p, Some((*precision).into()))
            }
            (Pattern::TimestampTz(p), Type::Date | Type::Unknown) => self.bind(*p, Some(0)),
            (Pattern::Array(element), Type::Array(actual)) => self.unify(element, actual),
            (Pattern::Array(element), Type::Unknown) => self.unify(element, &Type::Unknown),
            (Pattern::Map(key, value), Type::Map(k, v)) => self.unify(key, k) && self.unify(value, v),
            (Pattern::Map(key, value), Type::Unknown) => {
                self.unify(key, &Type::Unknown) && self.unify(value, &Type::Unknown)
            }
            (Pattern::Row(fields), Type::Row(actual)) => {
                fields.len() == actual.len()
                    && fields.iter().zip(actual.iter()).all(|(p, f)| self.unify(p, &f.ty))
            }
            (Pattern::Row(fields), Type::Unknown) => fields.iter().all(|p| self.unify(p, &Type::Unknown)),
            _ => false,
        }
    }

    /// The greatest of all, where a number is used more than once.
    fn bind(&mut self, name: char, number: Option<u32>) -> bool {
        let bound = match self.numbers.get(&name) {
            Some(bound) => bound.zip(number).map(|(a, b)| a.max(b)),
            None => number,
        };
        self.numbers.insert(name, bound);
        true
    }

    fn number(&self, name: char) -> Option<u32> {
        self.numbers.get(&name).copied().flatten()
    }

    fn instantiate(&self, pattern: &Pattern) -> Type {
        let small = |name| self.number(name).unwrap_or(0) as u8;
        match pattern {
            Pattern::Exactly(ty) => ty.clone(),
            Pattern::Variable(name) => self.types.get(name).cloned().unwrap_or(Type::Unknown),
            Pattern::Varchar(x) => Type::Varchar(self.number(*x)),
            Pattern::Decimal(p, s) => Type::Decimal(small(*p).max(1), small(*s)),
            Pattern::Timestamp(p) => Type::Timestamp(small(*p)),
            Pattern::TimestampTz(p) => Type::TimestampTz(small(*p)),
            Pattern::Array(element) => Type::array(self.instantiate(element)),
            Pattern::Map(key, value) => Type::map(self.instantiate(key), self.instantiate(value)),
            Pattern::Row(fields) => {
                Type::row(fields.iter().map(|field| super::types::Field::unnamed(self.instantiate(field))))
            }
            Pattern::Function(parameters, result) => Type::Function(
                parameters.iter().map(|parameter| self.instantiate(parameter)).collect(),
                self.instantiate(result).into(),
            ),
        }
    }
}

fn parse_constraint(text: &str) -> Option<(char, Constraint)> {
    let (name, constraint) = text.trim().split_once(": ")?;
    let constraint = match constraint {
        "comparable" => Constraint::Comparable,
        "orderable" => Constraint::Orderable,
        _ => return None,
    };
    Some((name.chars().next()?, constraint))
}

struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn accept(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'t str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn parse(&mut self) -> Option<Pattern> {
        let word = self.word();
        let first = word.chars().next()?;
        if word.len() == 1 && first.is_ascii_uppercase() {
            return Some(Pattern::Variable(first));
        }
        let mut arguments = Vec::new();
        match word {
            "array" | "map" | "row" | "function" => {
                self.accept("(").then_some(())?;
                while !self.accept(")") {
                    arguments.push(self.parse()?);
                    self.accept(",");
                }
            }
            "varchar" | "decimal" | "timestamp" if self.accept("(") => {
                let mut names = Vec::new();
                while !self.accept(")") {
                    names.push(self.word());
                    self.accept(",");
                }
                let name = |i: usize| names.get(i)?.chars().next();
                return Some(match word {
                    "varchar" => Pattern::Varchar(name(0)?),
                    "decimal" => Pattern::Decimal(name(0)?, name(1)?),
                    _ => match (name(0)?, self.accept("with time zone")) {
                        (digit @ '0'..='9', false) => Pattern::Exactly(Type::Timestamp(digit as u8 - b'0')),
                        (digit @ '0'..='9', true) => Pattern::Exactly(Type::TimestampTz(digit as u8 - b'0')),
                        (p, false) => Pattern::Timestamp(p),
                        (p, true) => Pattern::TimestampTz(p),
                    },
                });
            }
            "interval" => {
                let name = if self.accept("day to second") {
                    "interval day to second"
                } else {
                    "interval year to month"
                };
                self.accept("year to month");
                return Some(Pattern::Exactly(Type::parse(name).ok()?));
            }
            _ => return Some(Pattern::Exactly(Type::parse(word).ok()?)),
        }
        match (word, arguments.len()) {
            ("array", 1) => Some(Pattern::Array(arguments.pop()?.into())),
            ("map", 2) => {
                let value = arguments.pop()?;
                Some(Pattern::Map(arguments.pop()?.into(), value.into()))
            }
            ("row", 1..) => Some(Pattern::Row(arguments)),
            ("function", 1..) => {
                let result = arguments.pop()?;
                Some(Pattern::Function(arguments, result.into()))
            }
            _ => None,
        }
    }
}
