//! What can be asked of an OpenAI-compatible endpoint.

/// One route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A chat completion.
    Chat,
    /// Embeddings.
    Embeddings,
}

impl Route {
    /// Every route.
    pub(super) const ALL: [Self; 2] = [Self::Chat, Self::Embeddings];

    /// The route that serves an operation.
    pub(super) fn of(operation: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.operation() == operation)
    }

    /// The operation that it serves.
    pub(super) const fn operation(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
        }
    }

    /// Its path below the base URL.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            Self::Embeddings => "embeddings",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::operation::Operation;

    #[test]
    fn every_llm_operation_has_a_route() {
        for operation in Operation::all().filter(|operation| operation.capability == "llm") {
            assert!(Route::of(operation.name).is_some(), "{}", operation.name);
        }
    }
}
