package injector

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Pod is the part of a pod (core/v1) that decisions and plans look at. Everything else stays in the
// raw object, untouched: Telepod never writes a pod back, so it cannot lose a field that it does
// not know.
type Pod struct {
	Metadata Metadata `json:"metadata"`
	Spec     Spec     `json:"spec"`

	noMetadata bool // a pod template may come without
}

// Metadata is the part of ObjectMeta that matters here.
type Metadata struct {
	Name            string            `json:"name"`
	GenerateName    string            `json:"generateName"`
	Namespace       string            `json:"namespace"`
	Labels          map[string]string `json:"labels"`
	Annotations     map[string]string `json:"annotations"`
	OwnerReferences []OwnerReference  `json:"ownerReferences"`
}

// OwnerReference names an owner; the one with Controller set is the pod's controller.
type OwnerReference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller"`
}

// Spec is the part of PodSpec that matters here.
type Spec struct {
	HostNetwork    bool              `json:"hostNetwork"`
	RestartPolicy  string            `json:"restartPolicy"`
	OS             OS                `json:"os"`
	NodeSelector   map[string]string `json:"nodeSelector"`
	InitContainers []Container       `json:"initContainers"`
	Containers     []Container       `json:"containers"`
	Resources      jsontext.Value    `json:"resources"`
}

// OS is spec.os.
type OS struct {
	Name string `json:"name"`
}

// Container is the part of a container that matters here. A nil Env means that the pod has no list
// yet, which an edit must then create.
type Container struct {
	Name  string     `json:"name"`
	Image string     `json:"image"`
	Env   []Variable `json:"env"`
	Ports []Port     `json:"ports"`
}

// Port is a declared port.
type Port struct {
	ContainerPort int32 `json:"containerPort"`
}

// Variable is an entry of env as the user wrote it. Sourced is true where it has a valueFrom of any
// kind, known to this version or not.
type Variable struct {
	Name    string
	Value   string
	Sourced bool
}

// UnmarshalJSONFrom reads one entry. Only the values that planning needs are kept: most of a large
// pod's bytes are values of the user's variables.
func (v *Variable) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		return fmt.Errorf("an entry of env is not an object but %s", dec.PeekKind())
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() == '"' {
		key, err := dec.ReadToken()
		if err != nil {
			return err
		}
		switch field := key.String(); {
		case field == "name":
			err = json.UnmarshalDecode(dec, &v.Name)
		case field == "value" && (v.Name == "" || v.Name == otelResourceAttributes):
			err = json.UnmarshalDecode(dec, &v.Value)
		case field == "valueFrom":
			v.Sourced = dec.PeekKind() != 'n'
			err = dec.SkipValue()
		default:
			err = dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// ParsePod reads the JSON of a pod. It is as lenient as the API server about text (duplicate names,
// invalid UTF-8) and reports what is not the shape of a pod.
func ParsePod(raw []byte) (*Pod, error) {
	var wire struct {
		Metadata *Metadata `json:"metadata"`
		Spec     Spec      `json:"spec"`
	}
	err := json.Unmarshal(raw, &wire, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("decode pod: %w", err)
	}
	pod := &Pod{Spec: wire.Spec, noMetadata: wire.Metadata == nil}
	if wire.Metadata != nil {
		pod.Metadata = *wire.Metadata
	}
	return pod, nil
}

// controller is the owner that controls the pod, or nil.
func (p *Pod) controller() *OwnerReference {
	for i := range p.Metadata.OwnerReferences {
		if p.Metadata.OwnerReferences[i].Controller {
			return &p.Metadata.OwnerReferences[i]
		}
	}
	return nil
}

// windows reports whether the pod says that it runs on Windows, by spec.os or by node selector.
func (p *Pod) windows() bool {
	return p.Spec.OS.Name == "windows" || p.Spec.NodeSelector["kubernetes.io/os"] == "windows"
}

// finite reports whether the pod is meant to end: a Job's, or one not restarted for ever.
func (p *Pod) finite() bool {
	return p.Spec.RestartPolicy == "Never" || p.Spec.RestartPolicy == "OnFailure"
}
