"""The use cases of onboarding."""
