//! The mistakes that the model must be able to see.

/// One way to get the protocol wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The client is answered when the log reports the append, not when the fold has read it.
    AnswerOnDeliveryReport,
    /// The fold takes decisions of older epochs.
    NoEpochCheck,
    /// The owner decides on what it had read before it claimed.
    StateFromBeforeTheClaim,
    /// A second claim with the current epoch is effective too.
    EqualEpochsBothEffective,
    /// Who lost the partition and claims it again goes on from what it had only hoped for.
    SpeculationKeptAfterLoss,
    /// A restarted owner goes on under the epoch that it had.
    OldEpochAfterRestart,
    /// A refusal is answered without a record.
    RejectionWithoutRecord,
    /// An owner that has waited in vain decides again without a new claim.
    DecidingTwiceInOneEpoch,
    /// The snapshot that an attempt starts from does not hold the epoch.
    SnapshotWithoutEpoch,
    /// An input is carried out by two records, and the first of them counts as its answer.
    SeveralRecordsPerCause,
}

/// The mistakes made in a variant: none or one.
pub type Mistakes = Option<Mistake>;
