package report

// cloudView is how a cloud is drawn: Class chooses the colour, Name is what a person reads.
type cloudView struct{ Class, Name string }

// viewOfCloud knows the values of cloud.provider. The class of any other is "other", so that what a
// span says never gets into the style.
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
