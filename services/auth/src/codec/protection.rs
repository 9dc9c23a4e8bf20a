//! Limits, exclusions, marketing and reality checks, from the wire.

use super::names::{exclusion_from_wire, kind_from_wire};
use auth_domain as domain;
use kernel::Timestamp;
use schemas::auth as wire;

pub(super) fn set_limit(asked: wire::SetLimit, now: Timestamp) -> domain::Command {
    domain::Command::SetLimit(domain::SetLimit {
        customer: asked.customer,
        kind: kind_from_wire(asked.kind),
        amount: asked.amount,
        now,
    })
}

pub(super) fn exclude(asked: wire::Exclude, now: Timestamp) -> domain::Command {
    domain::Command::Exclude(domain::Exclude {
        customer: asked.customer,
        kind: None,
        until: asked.until,
        now,
    })
}

pub(super) fn exclude_as(asked: wire::ExcludeAs, now: Timestamp) -> domain::Command {
    domain::Command::Exclude(domain::Exclude {
        customer: asked.customer,
        kind: Some(exclusion_from_wire(asked.kind)),
        until: asked.until,
        now,
    })
}

pub(super) fn confirm_increase(asked: wire::ConfirmIncrease, now: Timestamp) -> domain::Command {
    domain::Command::ConfirmIncrease(domain::ConfirmIncrease {
        customer: asked.customer,
        kind: kind_from_wire(asked.kind),
        amount: asked.amount,
        now,
    })
}

pub(super) fn set_marketing(asked: wire::SetMarketing, now: Timestamp) -> domain::Command {
    domain::Command::SetMarketing(domain::SetMarketing {
        customer: asked.customer,
        allowed: asked.allowed,
        now,
    })
}

pub(super) fn set_reality_check(asked: wire::SetRealityCheck, now: Timestamp) -> domain::Command {
    domain::Command::SetRealityCheck(domain::SetRealityCheck {
        customer: asked.customer,
        interval: asked.interval,
        now,
    })
}

pub(super) fn acknowledge_reality_check(
    asked: wire::AcknowledgeRealityCheck,
    now: Timestamp,
) -> domain::Command {
    domain::Command::AcknowledgeRealityCheck(domain::AcknowledgeRealityCheck {
        customer: asked.customer,
        session: asked.session,
        net_result: asked.net_result,
        now,
    })
}

pub(super) fn limit_set(event: wire::LimitSet) -> domain::Event {
    domain::Event::LimitSet {
        customer: event.customer,
        kind: kind_from_wire(event.kind),
        amount: event.amount,
    }
}

pub(super) fn limit_increase_requested(event: wire::LimitIncreaseRequested) -> domain::Event {
    domain::Event::LimitIncreaseRequested {
        customer: event.customer,
        kind: kind_from_wire(event.kind),
        amount: event.amount,
        effective_at: event.effective_at,
        current: event.current,
    }
}

pub(super) fn customer_excluded(event: wire::CustomerExcluded) -> domain::Event {
    domain::Event::CustomerExcluded {
        customer: event.customer,
        until: event.until,
        at: event.at,
    }
}

pub(super) fn limit_increase_asked(event: wire::LimitIncreaseAsked) -> domain::Event {
    domain::Event::LimitIncreaseAsked {
        customer: event.customer,
        kind: kind_from_wire(event.kind),
        amount: event.amount,
        current: event.current,
        confirm_from: event.confirm_from,
        lapses_at: event.lapses_at,
    }
}

pub(super) fn limit_increase_confirmed(event: wire::LimitIncreaseConfirmed) -> domain::Event {
    domain::Event::LimitIncreaseConfirmed {
        customer: event.customer,
        kind: kind_from_wire(event.kind),
        amount: event.amount,
    }
}

pub(super) fn limit_increase_lapsed(event: wire::LimitIncreaseLapsed) -> domain::Event {
    domain::Event::LimitIncreaseLapsed {
        customer: event.customer,
        kind: kind_from_wire(event.kind),
        current: event.current,
    }
}

pub(super) fn exclusion_kind_set(event: wire::ExclusionKindSet) -> domain::Event {
    domain::Event::ExclusionKindSet {
        customer: event.customer,
        kind: exclusion_from_wire(event.kind),
        until: event.until,
    }
}

pub(super) fn marketing_set(event: wire::MarketingSet) -> domain::Event {
    domain::Event::MarketingSet {
        customer: event.customer,
        allowed: event.allowed,
    }
}

pub(super) fn reality_check_set(event: wire::RealityCheckSet) -> domain::Event {
    domain::Event::RealityCheckSet {
        customer: event.customer,
        interval: event.interval,
    }
}

pub(super) fn reality_check_acknowledged(event: wire::RealityCheckAcknowledged) -> domain::Event {
    domain::Event::RealityCheckAcknowledged {
        customer: event.customer,
        session: event.session,
        session_started_at: event.session_started_at,
        due_at: event.due_at,
        net_result: event.net_result,
        at: event.at,
    }
}
