//! What is wrong with a @context, told in Japanese; in parentheses stands the error code of JSON-LD, as in the English.

use machi_model::context::{ContextError, Fault, NameFault, NoIri, Place};
use machi_types::Language;

use super::{iri, json};

/// What is wrong with a @context, or with a name under one.
pub fn context(error: &ContextError) -> String {
    match error {
        ContextError::Invalid { place, fault } => format!("{}: {}", told_place(place), told(fault)),
        ContextError::Unavailable { url, reason } => {
            format!("@context {url}を取得できません({})", reason.in_language(Language::Japanese))
        }
        ContextError::Name { name, fault } => named(name, fault),
    }
}

fn told_place(place: &Place) -> String {
    place.url().map_or("本文の@context".to_owned(), |url| format!("@context {url}"))
}

fn named(name: &str, fault: &NameFault) -> String {
    match fault {
        NameFault::Empty => "名前が空です".to_owned(),
        NameFault::Reserved => format!("\"{name}\"はJSON-LDのキーワードのように見えますが、そうではありません"),
        NameFault::Null => format!("\"{name}\"は@contextでnullに割り当てられており、意味を持ちません"),
        NameFault::NotAnIri(error) => format!("\"{name}\"が表すものはIRIではありません({})", iri(error)),
    }
}

fn told(fault: &Fault) -> String {
    match fault {
        Fault::NotJson(error) => format!("文書がJSONではありません: {} (loading remote context failed)", json(error)),
        Fault::NoContextMember => {
            "文書はメンバー\"@context\"を持つオブジェクトでなければなりません (invalid remote context)".to_owned()
        }
        Fault::NotAContext(_) => {
            "@contextはURL、オブジェクト、null、またはそれらの配列でなければなりません (invalid local context)"
                .to_owned()
        }
        Fault::RelativeUrl(url) => {
            format!("URL \"{url}\"は相対参照ですが、この@contextには基準となるURLがありません。URL全体を書いてください")
        }
        Fault::Scheme(url) => {
            format!("URL \"{url}\"は取得できません。@contextのURLはhttp://かhttps://で始まります")
        }
        Fault::Recursion(url) => format!("{url}を経由して自分自身を取り込んでいます (recursive context inclusion)"),
        Fault::Overflow { what, limit } => format!("{}。上限は{limit}です (context overflow)", what.ja),
        Fault::Entry { keyword, must, code } => {
            format!("\"{keyword}\"に指定できるのは{}です ({code})", must.ja)
        }
        Fault::Import(code) => format!(
            "\"@import\"が指す文書の@contextは、\"@import\"を含まない1つのオブジェクトでなければなりません ({code})"
        ),
        Fault::Nullification => {
            "nullを指定すると、保護された用語が失われます (invalid context nullification)".to_owned()
        }
        Fault::Keyword(name) => {
            format!("\"{name}\"はJSON-LDのキーワードであり、定義できません (keyword redefinition)")
        }
        Fault::Reverse(term) => format!(
            "用語\"{term}\"は\"@reverse\"で定義されていますが、NGSI-LDでは使えません。\"@id\"で関係そのものを定義してください"
        ),
        Fault::Cycle(term) => format!("用語\"{term}\"が自分自身を通じて定義されています (cyclic IRI mapping)"),
        Fault::Term { term, must, code } => format!("用語\"{term}\": {} ({code})", must.ja),
        Fault::Iri { term, iri, why } => {
            format!("用語\"{term}\"が表す\"{iri}\"はIRIではありません: {} (invalid IRI mapping)", no_iri(why))
        }
        Fault::Protected(term) => {
            format!("用語\"{term}\"は保護されており、別の意味にできません (protected term redefinition)")
        }
        Fault::CoreTerm(term) => format!(
            "コアの用語\"{term}\"を別の意味にしています。用語ごとの@contextではできません (ETSI GS CIM 009 5.5.7節)"
        ),
        Fault::ScopeRefused(term) => format!(
            "用語\"{term}\"が独自の@contextを持っていますが、利用者の@contextには書けません (ETSI GS CIM 009 5.5.7節)"
        ),
        Fault::Scope { term, cause } => {
            format!("用語\"{term}\"の@contextが正しくありません: {} (invalid scoped context)", context(cause))
        }
    }
}

fn no_iri(why: &NoIri) -> String {
    match why {
        NoIri::Null => "nullに割り当てられています".to_owned(),
        NoIri::Invalid(error) => iri(error),
    }
}
