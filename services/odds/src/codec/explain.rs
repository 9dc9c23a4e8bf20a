//! What a book is made of, in both shapes.

use super::{prices_from_wire, prices_to_wire};
use kernel::MarketId;
use odds_domain::ladder::Ladder;
use odds_domain::{Explanation, Lean, LeanRules, ModelOpinion, ModelParameter, SelectionExposure};
use schemas::odds as wire;

pub(crate) fn to_wire(
    market: MarketId,
    version: u64,
    explanation: Explanation,
) -> wire::BookExplained {
    wire::BookExplained {
        market,
        version,
        model: explanation.model.map(model_to_wire),
        lean: explanation.lean.map(lean_to_wire),
        unleaning: prices_to_wire(&explanation.unleaning),
    }
}

pub(crate) fn from_wire(explained: wire::BookExplained) -> Explanation {
    Explanation {
        model: explained.model.map(model_from_wire),
        lean: explained.lean.map(lean_from_wire),
        unleaning: prices_from_wire(explained.unleaning),
    }
}

pub(crate) fn model_to_wire(model: ModelOpinion) -> wire::ModelOpinion {
    wire::ModelOpinion {
        version: model.version,
        parameters: model
            .parameters
            .into_iter()
            .map(|parameter| wire::ModelParameter {
                name: parameter.name,
                micros: parameter.micros,
            })
            .collect(),
    }
}

pub(crate) fn model_from_wire(model: wire::ModelOpinion) -> ModelOpinion {
    ModelOpinion {
        version: model.version,
        parameters: model
            .parameters
            .into_iter()
            .map(|parameter| ModelParameter {
                name: parameter.name,
                micros: parameter.micros,
            })
            .collect(),
    }
}

fn exposures_to_wire(exposures: &[SelectionExposure]) -> Vec<wire::SelectionExposure> {
    exposures
        .iter()
        .map(|exposure| wire::SelectionExposure {
            selection: exposure.selection,
            minor: exposure.minor,
        })
        .collect()
}

pub(crate) fn exposures_from_wire(exposures: &[wire::SelectionExposure]) -> Vec<SelectionExposure> {
    exposures
        .iter()
        .map(|exposure| SelectionExposure {
            selection: exposure.selection,
            minor: exposure.minor,
        })
        .collect()
}

fn lean_to_wire(lean: Lean) -> wire::Lean {
    wire::Lean {
        rules_version: lean.rules.version,
        kappa_permille: lean.rules.kappa_permille,
        clamp_ppm: lean.rules.clamp_ppm,
        booksum_least_ppm: lean.rules.booksum_least_ppm,
        ladder: match lean.rules.ladder {
            Ladder::Hundredths => wire::PriceLadder::Hundredths,
            Ladder::Classic => wire::PriceLadder::Classic,
            Ladder::Fractions => wire::PriceLadder::Fractions,
        },
        limit_minor: lean.limit_minor,
        exposures: exposures_to_wire(&lean.exposures),
        by: lean.by,
    }
}

fn lean_from_wire(lean: wire::Lean) -> Lean {
    Lean {
        rules: LeanRules {
            version: lean.rules_version,
            kappa_permille: lean.kappa_permille,
            clamp_ppm: lean.clamp_ppm,
            booksum_least_ppm: lean.booksum_least_ppm,
            ladder: match lean.ladder {
                wire::PriceLadder::Hundredths => Ladder::Hundredths,
                wire::PriceLadder::Classic => Ladder::Classic,
                wire::PriceLadder::Fractions => Ladder::Fractions,
            },
        },
        limit_minor: lean.limit_minor,
        exposures: exposures_from_wire(&lean.exposures),
        by: lean.by,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{event_from_wire, event_to_wire};
    use kernel::SelectionId;
    use odds_domain::{Event, SelectionPrice};
    use schemas::Wire;

    #[test]
    fn what_a_book_is_made_of_survives_the_wire() {
        let selection = SelectionId::example(100, 3);
        let price = |text: &str| SelectionPrice {
            selection,
            price: text.parse().ok(),
        };
        let model = ModelOpinion {
            version: "dixon-coles/1".to_owned(),
            parameters: vec![ModelParameter {
                name: "rho".to_owned(),
                micros: -60_000,
            }],
        };
        let lean = |ladder| Lean {
            rules: LeanRules {
                ladder,
                ..LeanRules::PRESENT
            },
            limit_minor: 10_000_000,
            exposures: vec![SelectionExposure {
                selection,
                minor: -5,
            }],
            by: "desk".to_owned(),
        };
        let explanations = Ladder::ALL.iter().map(|ladder| Explanation {
            model: Some(model.clone()),
            lean: Some(lean(*ladder)),
            unleaning: vec![price("2.5"), price("-")],
        });
        let plain = Explanation {
            model: Some(model.clone()),
            ..Explanation::default()
        };
        for explanation in explanations.chain([plain]) {
            let event = Event::BookExplained {
                market: MarketId::example(10, 3),
                version: 7,
                explanation,
            };
            let bytes = event_to_wire(&event).to_bytes();
            let wire = wire::Event::from_bytes(&bytes).unwrap();
            assert_eq!(event_from_wire(wire), Ok(event));
        }
    }
}
