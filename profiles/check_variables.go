package profiles

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkVariables checks one list of variables, except for references: those are checked in the resolved profile.
func (d *document) checkVariables(list string, variables []corev1.EnvVar) {
	first := map[string]int{}
	for i, v := range variables {
		path := fmt.Sprintf("%s[%d]", list, i)
		if j, ok := first[v.Name]; ok && v.Name != "" {
			d.Report(path+".name", "%s is already defined as %s[%d]: keep one", v.Name, list, j)
		} else {
			first[v.Name] = i
		}
		d.checkVariableName(list, path+".name", v.Name)
		d.checkVariableSource(path, v)
	}
}

func (d *document) checkVariableName(list, path, name string) {
	if d.Blamed(path) {
		return
	}
	problems := validation.IsEnvVarName(name)
	switch {
	case name == "":
		d.Report(path, "is missing: give the variable a name")
	case len(problems) > 0:
		d.Report(path, "%q cannot be a variable's name: use letters, digits, '_', '-' and '.', and no digit first", name)
	case slices.Contains(Derived(), name):
		d.Report(path, "%s is computed by Telepod: set cloud or identity instead", name)
	case strings.HasPrefix(name, prefixOTel):
		d.Report(path, "%s is written by Telepod: set otlp, propagators or resourceAttributes instead, or set it in the pod", name)
	case strings.HasPrefix(name, prefixTelepod):
		d.Report(path, "names that start with %s are reserved for Telepod: choose another", prefixTelepod)
	case list == "variables" && configuresCloudSDK(name):
		d.Report(path, "%s changes what the cloud's SDKs in the application do: set it in sidecar.env, and use CLOUD_* in applications", name)
	}
}

func (d *document) checkVariableSource(path string, v corev1.EnvVar) {
	from := v.ValueFrom
	switch {
	case from == nil:
		return
	case v.Value != "":
		d.Report(path, "%s has value and valueFrom: keep one", v.Name)
	case from.FieldRef == nil || *from != (corev1.EnvVarSource{FieldRef: from.FieldRef}):
		d.Report(path+".valueFrom", "only fieldRef is supported: a profile serves every namespace, so it cannot refer to objects of one")
	default:
		d.checkFieldRef(path+".valueFrom.fieldRef", from.FieldRef)
	}
}

// checkFieldRef accepts the fields that the API server accepts for an environment variable. With any other, it
// would reject every pod.
func (d *document) checkFieldRef(path string, ref *corev1.ObjectFieldSelector) {
	if ref.APIVersion != "" {
		d.Report(path+".apiVersion", "fields are always those of v1: remove it")
	}
	field, key := downwardField(ref.FieldPath)
	allowed := downwardFields()
	switch {
	case d.Blamed(path + ".fieldPath"):
	case !slices.Contains(allowed, field):
		d.Report(path+".fieldPath", "%q is not a field that a variable can refer to: use one of %s%s",
			ref.FieldPath, strings.Join(allowed, ", "), DidYouMean(field, allowed))
	case key != "":
		if problems := validation.IsQualifiedName(strings.ToLower(key)); len(problems) > 0 {
			d.Report(path+".fieldPath", "%q has no valid key: labels and annotations are named prefix.example.com/name or name", ref.FieldPath)
		}
	}
}

// references lists the names in $(NAME), as Kubernetes reads them: $$ is a literal $, and an unclosed $( is
// text.
func references(value string) []string {
	var names []string
	for i := 0; i+1 < len(value); i++ {
		if value[i] != '$' {
			continue
		}
		i++
		if value[i] != '(' {
			continue // $$, or a $ without (
		}
		if end := strings.IndexByte(value[i:], ')'); end > 0 {
			names = append(names, value[i+1:i+end])
			i += end
		}
	}
	return names
}
