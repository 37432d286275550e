package report

// cloudView describes how to draw a cloud: Class selects the colour, Name is displayed.
type cloudView struct{ Class, Name string }

// viewOfCloud maps the values of cloud.provider. All others get the class "other", so that text from a span
// never becomes part of the style.
func viewOfCloud(provider string) cloudView {
	switch provider {
	case "aws":
		return cloudView{"aws", "AWS"}
	case "gcp":
		return cloudView{"gcp", "Google Cloud"}
	case "azure":
		return cloudView{"azure", "Azure"}
	case "":
		return cloudView{"other", "no cloud"}
	default:
		return cloudView{"other", provider}
	}
}
