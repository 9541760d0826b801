//! What a client is told when it gets no answer: a status, and an object in the shape of
//! OpenAI's errors, which its clients turn into exceptions.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::engine;
use crate::fault::{Fault, Kind};

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    message: String,
    /// The member of the request that is wrong.
    param: Option<String>,
    /// A name that programs can look for.
    code: Option<&'static str>,
}

/// Result of what a client asks for.
pub(super) type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal {
            status,
            message: message.into(),
            param: None,
            code: None,
        }
    }

    /// The request makes no sense.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, message)
    }

    /// The program failed.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// The server is about to end.
    pub(super) fn closing() -> Self {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server is shutting down",
        )
        .code("shutting_down")
    }

    pub(super) fn param(mut self, name: impl Into<String>) -> Self {
        self.param = Some(name.into());
        self
    }

    pub(super) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Whether the client may try the same again.
    pub(super) fn is_passing(&self) -> bool {
        let passing = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        passing.contains(&self.status)
    }

    /// The body that goes with the status.
    pub(super) fn body(&self) -> Value {
        let kind = match self.status {
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        json!({"error": {
            "message": self.message,
            "type": kind,
            "param": self.param,
            "code": self.code,
        }})
    }
}

/// What the engine refuses is the request's fault where it says so, else the program's.
impl From<engine::Error> for Refusal {
    fn from(error: engine::Error) -> Self {
        let status = match error.kind() {
            Kind::Usage => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let message = match error.hint() {
            Some(hint) if status == StatusCode::BAD_REQUEST => format!("{error}: {hint}"),
            _ => error.to_string(),
        };
        Refusal::new(status, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_shape_that_clients_know() {
        let refusal = Refusal::bad("temperature is no number").param("temperature");
        assert_eq!(
            refusal.body().to_string(),
            r#"{"error":{"message":"temperature is no number","type":"invalid_request_error","param":"temperature","code":null}}"#
        );
        assert_eq!(Refusal::closing().body()["error"]["type"], "server_error");
        assert!(Refusal::closing().is_passing() && !refusal.is_passing());
    }

    #[test]
    fn only_what_was_asked_wrongly_is_the_client_s_fault() {
        let usage = engine::Error::Usage {
            what: "grammar: line 1: no rule".into(),
            hint: "write one".into(),
        };
        let refusal = Refusal::from(usage);
        assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
        let failed = Refusal::from(engine::Error::Failed("no logit is a number".into()));
        assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
