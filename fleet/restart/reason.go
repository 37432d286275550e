package restart

// Reason is why something was done, stopped or left alone. The set is fixed: events, metrics and output use it.
type Reason string

// Actions.
const (
	Restarted  Reason = "restarted"
	Evicted    Reason = "evicted"
	Repaired   Reason = "repaired"
	RolledBack Reason = "rolled-back"
)

// Reasons why a run stopped.
const (
	InjectorIll   Reason = "injector-ill"
	BudgetBlocked Reason = "budget-blocked"
	RolloutFailed Reason = "rollout-failed"
	CameBackBare  Reason = "came-back-bare"
	Interrupted   Reason = "interrupted"
	RequestFailed Reason = "request-failed"
)

// Reasons why a workload is left alone.
const (
	OptedOut    Reason = "opted-out"
	PodsRefused Reason = "pods-refused"
	NoRollout   Reason = "no-rollout"
	OnDelete    Reason = "on-delete"
	Paused      Reason = "paused"
	Partitioned Reason = "partitioned"
	Offline     Reason = "injected-offline"
	NotWhole    Reason = "not-whole"
	SinglePod   Reason = "single-pod"
	PodsPinned  Reason = "pods-pinned"
	TooYoung    Reason = "too-young"
	Vanished    Reason = "vanished"
)

// Meaning is a reason with its sentence.
type Meaning struct {
	Reason Reason
	Text   string
}

// Reasons lists every reason.
func Reasons() []Meaning {
	return []Meaning{
		{Restarted, "a rollout was started"},
		{Evicted, "a pod was evicted"},
		{Repaired, "every pod is up to date"},
		{RolledBack, "the pod template is the one before the restart"},
		{InjectorIll, "a trial pod was not injected as expected, so nothing was replaced"},
		{BudgetBlocked, "a PodDisruptionBudget does not allow it"},
		{RolloutFailed, "new pods did not become available"},
		{CameBackBare, "a new pod is not up to date"},
		{Interrupted, "the run ended before the rollout did"},
		{RequestFailed, "the API server refused a request"},
		{OptedOut, "the workload or its namespace has telepod.dev/repair: \"false\", or no longer requests injection"},
		{PodsRefused, "the webhook would refuse new pods"},
		{NoRollout, "workloads of this kind have no rollout"},
		{OnDelete, "the update strategy is OnDelete"},
		{Paused, "the rollout is paused"},
		{Partitioned, "the update strategy has a partition"},
		{Offline, "the manifest was injected offline"},
		{NotWhole, "some pods were unavailable before, or a rollout was under way"},
		{SinglePod, "an eviction would leave no pod"},
		{PodsPinned, "an annotation of a pod forbids its eviction"},
		{TooYoung, "its newest out-of-date pod was created a moment ago"},
		{Vanished, "the workload no longer exists"},
	}
}

// Text returns the sentence of a reason.
func (r Reason) Text() string {
	for _, m := range Reasons() {
		if m.Reason == r {
			return m.Text
		}
	}
	return string(r)
}
