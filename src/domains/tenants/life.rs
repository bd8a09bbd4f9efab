//! Where a tenant may go from where it is: active and suspended to and fro, either to cancelled, which is final.

use crate::tenancy::Status;

/// What an operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Refuse its requests for a while.
    Suspend,
    /// Serve it again.
    Activate,
    /// Refuse its requests for good.
    Cancel,
}

impl Transition {
    /// Where it leads, if it may start at `from`.
    pub fn from(self, from: Status) -> Option<Status> {
        match (self, from) {
            (Self::Suspend, Status::Active) => Some(Status::Suspended),
            (Self::Activate, Status::Suspended) => Some(Status::Active),
            (Self::Cancel, Status::Active | Status::Suspended) => Some(Status::Cancelled),
            _ => None,
        }
    }

    /// For the audit.
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Suspend => "tenant.suspended",
            Self::Activate => "tenant.activated",
            Self::Cancel => "tenant.cancelled",
        }
    }

    /// For a person.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Suspend => "suspended",
            Self::Activate => "activated",
            Self::Cancel => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelled_is_final() {
        for transition in [
            Transition::Suspend,
            Transition::Activate,
            Transition::Cancel,
        ] {
            assert_eq!(transition.from(Status::Cancelled), None);
            assert_eq!(transition.from(Status::Deleted), None);
        }
        assert_eq!(
            Transition::Suspend.from(Status::Active),
            Some(Status::Suspended)
        );
        assert_eq!(
            Transition::Activate.from(Status::Suspended),
            Some(Status::Active)
        );
        assert_eq!(Transition::Activate.from(Status::Active), None);
    }
}
