package injector

import "slices"

// Reason is a code from a fixed set. The same code appears in the log line, the metric, the
// admission warning, the audit annotation, the event, the status annotation and `telepod explain`.
type Reason string

// Why a pod is injected.
const (
	PodEnabled       Reason = "pod-enabled"
	NamespaceEnabled Reason = "namespace-enabled"
	DefaultEnabled   Reason = "default-enabled"
)

// Why a pod is left as it is.
const (
	ProtectedNamespace Reason = "protected-namespace"
	MirrorPod          Reason = "mirror-pod"
	AlreadyInjected    Reason = "already-injected"
	PodDisabled        Reason = "pod-disabled"
	NamespaceDisabled  Reason = "namespace-disabled"
	DefaultDisabled    Reason = "default-disabled"
	NotAPodCreation    Reason = "not-a-pod-creation"
	UnreadablePod      Reason = "unreadable-pod"
	NoContainers       Reason = "no-containers"
	AnnotationsFull    Reason = "annotations-full"
	InternalError      Reason = "internal-error"
	// The pod exceeds a limit.
	AnnotationsTooLarge Reason = "annotations-too-large"
	TooManyNames        Reason = "too-many-names"
	TooManyContainers   Reason = "too-many-containers"
	TooManyVariables    Reason = "too-many-variables"
	TooManyEdits        Reason = "too-many-edits"
	PatchTooLarge       Reason = "patch-too-large"
	Canceled            Reason = "canceled"
	InvalidSettings     Reason = "invalid-settings"
)

// Why a part of the injection is left out.
const (
	UserDefined       Reason = "user-defined"
	UserPair          Reason = "user-pair"
	ValueFrom         Reason = "value-from"
	EnvFrom           Reason = "env-from"
	UnknownConfigMap  Reason = "unknown-config-map"
	ConfigFile        Reason = "config-file"
	Unparseable       Reason = "unparseable"
	MissingReference  Reason = "missing-reference"
	NotKnown          Reason = "not-known"
	OtherInjector     Reason = "other-injector"
	CloudIdentity     Reason = "cloud-identity"
	ExcludedVariable  Reason = "excluded-variable"
	ExcludedAttribute Reason = "excluded-attribute"
	ContainerSkipped  Reason = "container-skipped"
	ContainerExcluded Reason = "container-excluded"
	NotSelected       Reason = "not-selected"
	NoSidecar         Reason = "no-sidecar-in-profile"
	Windows           Reason = "windows"
	HostNetwork       Reason = "host-network"
	VirtualNode       Reason = "virtual-node"
	WouldNotFinish    Reason = "would-not-finish"
	NameTaken         Reason = "name-taken"
	PortTaken         Reason = "port-taken"
	PodLevelResources Reason = "pod-level-resources"
	TooLong           Reason = "too-long"
)

// What is wrong with an annotation. The setting falls back, and the pod is admitted.
const (
	UnknownAnnotation Reason = "unknown-annotation"
	Misplaced         Reason = "misplaced"
	InvalidValue      Reason = "invalid-value"
	UnknownProfile    Reason = "unknown-profile"
	UnknownContainer  Reason = "unknown-container"
	Contradiction     Reason = "contradiction"
)

// Reasons lists the whole set with a sentence each, in the order of the documentation.
func Reasons() []ReasonText {
	return slices.Concat(decisionReasons(), omissionReasons(), mistakeReasons())
}

// decisionReasons are the reasons why a pod is injected or left as it is.
func decisionReasons() []ReasonText {
	return []ReasonText{
		{PodEnabled, "the pod has telepod.dev/inject: \"true\""},
		{NamespaceEnabled, "the namespace is labelled telepod.dev/injection: enabled"},
		{DefaultEnabled, "neither pod nor namespace opts in or out, and injection is on by default"},

		{ProtectedNamespace, "the namespace is never injected (kube-system, Telepod's own, or listed by the operator)"},
		{MirrorPod, "the pod mirrors a static pod: the kubelet ignores changes to it"},
		{AlreadyInjected, "the pod has telepod.dev/status: it was injected before"},
		{PodDisabled, "the pod has telepod.dev/inject: \"false\""},
		{NamespaceDisabled, "the namespace is labelled telepod.dev/injection: disabled"},
		{DefaultDisabled, "neither pod nor namespace opts in"},
		{NotAPodCreation, "the request does not create a pod"},
		{UnreadablePod, "the pod in the request could not be decoded"},
		{NoContainers, "the pod has no containers; the API server will refuse it"},
		{AnnotationsFull, "the pod's annotations leave no room for telepod.dev/status (256 KiB in all)"},
		{AnnotationsTooLarge, "the pod's annotations or labels are longer than 256 KiB"},
		{TooManyNames, "an annotation lists more than 256 names"},
		{TooManyContainers, "the pod has more than 256 containers"},
		{TooManyVariables, "the pod has more than 4,096 variables, or more than 256 entries in envFrom"},
		{TooManyEdits, "the pod would need more than 8,192 edits"},
		{PatchTooLarge, "the patch would be longer than 1 MiB"},
		{InternalError, "the injector failed; the pod was admitted unchanged"},
		{Canceled, "the API server stopped waiting before the answer was ready"},
		{InvalidSettings, "an annotation is invalid and the injector is strict"},
	}
}

// omissionReasons are the reasons why a part of the injection is left out.
func omissionReasons() []ReasonText {
	return []ReasonText{
		{UserDefined, "the container sets it itself"},
		{UserPair, "the container sets its own OTLP endpoint or protocol, which Telepod's would not match"},
		{ValueFrom, "the container reads it from a source that is unknown at admission"},
		{EnvFrom, "the container's envFrom sets it or, with telepod.dev/env-from: keep, might set it"},
		{UnknownConfigMap, "its keys are unknown; Telepod assumes that it sets none of Telepod's variables (with telepod.dev/env-from: keep, any of them)"},
		{ConfigFile, "the container sets OTEL_CONFIG_FILE, so its SDK ignores all other OTEL_* variables"},
		{Unparseable, "the container's own value is not a list of key=value pairs"},
		{MissingReference, "it refers to a variable that is not defined at that position"},
		{NotKnown, "neither the profile, the cluster facts nor the cluster's topology labels set it"},
		{OtherInjector, "it injects this pod too; Telepod keeps the variables that it sets"},
		{CloudIdentity, "it gives the pod cloud credentials, which Telepod does not change"},
		{ExcludedVariable, "telepod.dev/exclude-variables names it"},
		{ExcludedAttribute, "telepod.dev/exclude-attributes names it"},
		{ContainerSkipped, "the profile skips this container (a proxy or agent)"},
		{ContainerExcluded, "telepod.dev/exclude-containers names it"},
		{NotSelected, "telepod.dev/containers does not name it"},
		{NoSidecar, "the profile does not describe a sidecar"},
		{Windows, "the sidecar is a Linux container and the pod runs on Windows"},
		{VirtualNode, "the pod will run on a virtual node, whose kubelet refuses IP addresses in variables and native sidecars"},
		{HostNetwork, "the pod uses the node's network, where the sidecar's ports would collide"},
		{WouldNotFinish, "the cluster has no native sidecars, and an ordinary one would keep the pod from finishing"},
		{NameTaken, "the pod already has a container with the sidecar's name"},
		{PortTaken, "a container of the pod declares a port that the sidecar listens on"},
		{PodLevelResources, "the pod sets resources for the pod as a whole, which a container's requests could exceed"},
		{TooLong, "the Collector's env detector accepts at most 255 bytes; longer values stop the Collector"},
	}
}

// mistakeReasons describe what is wrong with an annotation.
func mistakeReasons() []ReasonText {
	return []ReasonText{
		{UnknownAnnotation, "Telepod has no such annotation"},
		{Misplaced, "the key has no effect there"},
		{InvalidValue, "the value is not valid for this annotation"},
		{UnknownProfile, "no profile has this name"},
		{UnknownContainer, "the pod has no container of this name"},
		{Contradiction, "two settings contradict each other"},
	}
}

// ReasonText is a reason and its sentence.
type ReasonText struct {
	Reason Reason
	Text   string
}

// Text returns the reason's sentence: lower case, no full stop.
func (r Reason) Text() string {
	for _, t := range Reasons() {
		if t.Reason == r {
			return t.Text
		}
	}
	return string(r)
}
