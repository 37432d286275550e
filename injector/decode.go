package injector

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ParsePod parses the JSON of a pod and keeps the few fields of Pod. It is as lenient as the API server
// about text (duplicate names, invalid UTF-8). The error for JSON that is not a pod does not quote it. Beyond
// a limit, ParsePod keeps nothing more of the pod.
func ParsePod(raw []byte) (*Pod, error) {
	pod := &Pod{}
	err := json.Unmarshal(raw, pod, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("decode pod: %s", DescribeJSON(err))
	}
	return pod, nil
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom, for a pod within other JSON.
func (p *Pod) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var b budget
	wire := podJSON{}
	wire.Spec.InitContainers.budget, wire.Spec.Containers.budget = &b, &b
	if err := json.UnmarshalDecode(dec, &wire); err != nil {
		return err
	}
	*p = Pod{noMetadata: wire.Metadata == nil, Spec: wire.Spec.spec()}
	if m := wire.Metadata; m != nil {
		p.Metadata = Metadata{
			Name: m.Name, GenerateName: m.GenerateName, Namespace: m.Namespace,
			Labels: m.Labels.values, Annotations: m.Annotations.values, OwnerReferences: m.OwnerReferences,
		}
		b.exceeds(AnnotationsTooLarge, m.Labels.exceeded || m.Annotations.exceeded)
	}
	b.exceeds(AnnotationsTooLarge, wire.Spec.NodeSelector.exceeded)
	p.excess = b.excess
	return nil
}

// DescribeJSON reports the position of a decoding error, never the content: a pod may contain secrets.
func DescribeJSON(err error) string {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		kind := semantic.JSONKind.String()
		switch semantic.JSONKind {
		case jsontext.KindBeginObject:
			kind = "object"
		case jsontext.KindBeginArray:
			kind = "array"
		}
		return fmt.Sprintf("a JSON %s does not belong at %.200q", kind, semantic.JSONPointer)
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf("no valid JSON at byte %d, in %.200q", syntactic.ByteOffset, syntactic.JSONPointer)
	}
	return "not the JSON of this type"
}

// podJSON is a pod as in the API. Its parts have the types of Pod where possible.
type podJSON struct {
	Metadata *metadataJSON `json:"metadata"`
	Spec     specJSON      `json:"spec"`
}

type metadataJSON struct {
	Name            string     `json:"name"`
	GenerateName    string     `json:"generateName"`
	Namespace       string     `json:"namespace"`
	Labels          stringMap  `json:"labels"`
	Annotations     stringMap  `json:"annotations"`
	OwnerReferences ownersJSON `json:"ownerReferences"`
}

type specJSON struct {
	HostNetwork      bool            `json:"hostNetwork"`
	RestartPolicy    string          `json:"restartPolicy"`
	OS               OS              `json:"os"`
	NodeSelector     stringMap       `json:"nodeSelector"`
	SchedulerName    string          `json:"schedulerName"`
	Tolerations      tolerationsJSON `json:"tolerations"`
	Resources        present         `json:"resources"`
	ImagePullSecrets secretsJSON     `json:"imagePullSecrets"`
	SecurityContext  struct {
		WindowsOptions present `json:"windowsOptions"`
	} `json:"securityContext"`
	Affinity struct {
		NodeAffinity struct {
			Required struct {
				Terms termsJSON `json:"nodeSelectorTerms"`
			} `json:"requiredDuringSchedulingIgnoredDuringExecution"`
		} `json:"nodeAffinity"`
	} `json:"affinity"`
	InitContainers containersJSON `json:"initContainers"`
	Containers     containersJSON `json:"containers"`
}

func (s *specJSON) spec() Spec {
	terms := s.Affinity.NodeAffinity.Required.Terms
	return Spec{
		HostNetwork: s.HostNetwork, RestartPolicy: s.RestartPolicy, OS: s.OS, NodeSelector: s.NodeSelector.values,
		Windows:       bool(s.SecurityContext.WindowsOptions) || terms.windows,
		Virtual:       bool(s.Tolerations) || terms.virtual,
		SchedulerName: s.SchedulerName, PodResources: bool(s.Resources), ImagePullSecrets: s.ImagePullSecrets,
		InitContainers: s.InitContainers.list, Containers: s.Containers.list,
	}
}

type containerJSON struct {
	Name    string      `json:"name"`
	Image   string      `json:"image"`
	Env     envJSON     `json:"env"`
	EnvFrom sourcesJSON `json:"envFrom"`
	Ports   portsJSON   `json:"ports"`
}

type variableJSON struct {
	Name      string  `json:"name"`
	Value     string  `json:"value"`
	ValueFrom present `json:"valueFrom"`
}

type sourceJSON struct {
	Prefix       string        `json:"prefix"`
	ConfigMapRef referenceJSON `json:"configMapRef"`
	SecretRef    referenceJSON `json:"secretRef"`
}

type referenceJSON struct {
	Name     string `json:"name"`
	Optional bool   `json:"optional"`
}

type expressionJSON struct {
	Key      string     `json:"key"`
	Operator string     `json:"operator"`
	Values   valuesJSON `json:"values"`
}
