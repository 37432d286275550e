package injector

// Pod is the part of a pod (core/v1) that decisions and plans need. Everything else stays untouched in the
// raw object: Telepod never writes a pod back, so it cannot lose unknown fields.
type Pod struct {
	Metadata Metadata
	Spec     Spec

	noMetadata bool   // a pod template may have none
	excess     Reason // the limit that the pod exceeds, or ""
}

// Metadata is the relevant part of ObjectMeta.
type Metadata struct {
	Name            string
	GenerateName    string
	Namespace       string
	Labels          map[string]string
	Annotations     map[string]string
	OwnerReferences []OwnerReference
}

// OwnerReference names an owner; the one with Controller set is the pod's controller.
type OwnerReference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller"`
}

// Spec is the relevant part of PodSpec.
type Spec struct {
	HostNetwork   bool
	RestartPolicy string
	OS            OS
	NodeSelector  map[string]string
	// Windows: the security context has windowsOptions, or the node affinity requires Windows.
	Windows bool
	// Virtual: a toleration or the required node affinity names a virtual node.
	Virtual        bool
	SchedulerName  string
	InitContainers []Container
	Containers     []Container
	// ImagePullSecrets are the names of Secrets. An edit must create the list if it is nil.
	ImagePullSecrets []string
	// PodResources: the pod sets spec.resources, for the pod as a whole.
	PodResources bool
}

// OS is spec.os.
type OS struct {
	Name string `json:"name"`
}

// Container is the relevant part of a container. An edit must create the list Env if it is nil.
type Container struct {
	Name  string
	Image string
	Env   []Variable
	Ports []Port
	// EnvFrom are the ConfigMaps and Secrets that provide variables.
	EnvFrom []EnvSource
}

// EnvSource is an entry of envFrom. Entries of unknown kinds have neither name.
type EnvSource struct {
	ConfigMap, Secret string
	// Prefix is put before every key.
	Prefix string
	// Optional: the container starts without the object.
	Optional bool
}

// Port is a declared port; only those that the sidecar would listen on are kept.
type Port struct {
	ContainerPort int32 `json:"containerPort"`
}

// Variable is an entry of env as the user wrote it. Sourced is true if it has a valueFrom of any kind,
// even unknown ones.
type Variable struct {
	Name    string
	Value   string
	Sourced bool
}

// controller returns the owner that controls the pod, or nil.
func (p *Pod) controller() *OwnerReference {
	for i := range p.Metadata.OwnerReferences {
		if p.Metadata.OwnerReferences[i].Controller {
			return &p.Metadata.OwnerReferences[i]
		}
	}
	return nil
}

const osLabel = "kubernetes.io/os"

// windows reports whether any field of the pod indicates Windows.
func (p *Pod) windows() bool {
	return p.Spec.Windows || p.Spec.OS.Name == "windows" || p.Spec.NodeSelector[osLabel] == "windows"
}

// finite reports whether the pod is expected to terminate: its containers are not always restarted.
func (p *Pod) finite() bool {
	return p.Spec.RestartPolicy == "Never" || p.Spec.RestartPolicy == "OnFailure"
}
