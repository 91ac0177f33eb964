"""Polaris in Reflex. Written by polaris_generate from polaris-types 1.1.0; do not edit."""

from __future__ import annotations

import reflex as rx
from reflex.event import checked_input_event, input_event
from reflex_components_core.el.element import Element


class PolarisElement(Element):
    """A custom element: its hyphenated name must not become a JavaScript identifier."""

    slot: rx.Var[str]

    def _get_tag_name(self) -> str:
        return f'"{(self.tag or "").replace("_", "-")}"'


class SBadge(PolarisElement):
    """<s-badge>"""

    tag = "s_badge"
    color: rx.Var[str]
    icon: rx.Var[str]
    size: rx.Var[str]
    tone: rx.Var[str]


s_badge = SBadge.create


class SBanner(PolarisElement):
    """<s-banner>"""

    tag = "s_banner"
    dismissible: rx.Var[bool]
    heading: rx.Var[str]
    hidden: rx.Var[bool]
    tone: rx.Var[str]


s_banner = SBanner.create


class SButton(PolarisElement):
    """<s-button>"""

    tag = "s_button"
    accessibility_label: rx.Var[str]
    command: rx.Var[str]
    command_for: rx.Var[str]
    disabled: rx.Var[bool]
    download: rx.Var[str]
    href: rx.Var[str]
    icon: rx.Var[str]
    inline_size: rx.Var[str]
    interest_for: rx.Var[str]
    lang: rx.Var[str]
    loading: rx.Var[bool]
    target: rx.Var[str]
    tone: rx.Var[str]
    type: rx.Var[str]
    variant: rx.Var[str]


s_button = SButton.create


class SCheckbox(PolarisElement):
    """<s-checkbox>"""

    tag = "s_checkbox"
    accessibility_label: rx.Var[str]
    checked: rx.Var[bool]
    details: rx.Var[str]
    disabled: rx.Var[bool]
    error: rx.Var[str]
    indeterminate: rx.Var[bool]
    label: rx.Var[str]
    label_accessibility_visibility: rx.Var[str]
    name: rx.Var[str]
    required: rx.Var[bool]
    value: rx.Var[str]
    on_change: rx.EventHandler[checked_input_event]
    on_input: rx.EventHandler[checked_input_event]


s_checkbox = SCheckbox.create


class SIcon(PolarisElement):
    """<s-icon>"""

    tag = "s_icon"
    color: rx.Var[str]
    interest_for: rx.Var[str]
    size: rx.Var[str]
    tone: rx.Var[str]
    type: rx.Var[str]


s_icon = SIcon.create


class SLink(PolarisElement):
    """<s-link>"""

    tag = "s_link"
    accessibility_label: rx.Var[str]
    command: rx.Var[str]
    command_for: rx.Var[str]
    download: rx.Var[str]
    href: rx.Var[str]
    interest_for: rx.Var[str]
    lang: rx.Var[str]
    target: rx.Var[str]
    tone: rx.Var[str]


s_link = SLink.create


class SMoneyField(PolarisElement):
    """<s-money-field>"""

    tag = "s_money_field"
    autocomplete: rx.Var[str]
    currency_code: rx.Var[str]
    details: rx.Var[str]
    disabled: rx.Var[bool]
    error: rx.Var[str]
    label: rx.Var[str]
    label_accessibility_visibility: rx.Var[str]
    max: rx.Var[int | float]
    min: rx.Var[int | float]
    name: rx.Var[str]
    placeholder: rx.Var[str]
    read_only: rx.Var[bool]
    required: rx.Var[bool]
    value: rx.Var[str]
    on_input: rx.EventHandler[input_event]
    on_change: rx.EventHandler[input_event]


s_money_field = SMoneyField.create


class SNumberField(PolarisElement):
    """<s-number-field>"""

    tag = "s_number_field"
    autocomplete: rx.Var[str]
    details: rx.Var[str]
    disabled: rx.Var[bool]
    error: rx.Var[str]
    input_mode: rx.Var[str]
    label: rx.Var[str]
    label_accessibility_visibility: rx.Var[str]
    max: rx.Var[int | float]
    min: rx.Var[int | float]
    name: rx.Var[str]
    placeholder: rx.Var[str]
    prefix: rx.Var[str]
    read_only: rx.Var[bool]
    required: rx.Var[bool]
    step: rx.Var[int | float]
    suffix: rx.Var[str]
    value: rx.Var[str]
    on_input: rx.EventHandler[input_event]
    on_change: rx.EventHandler[input_event]


s_number_field = SNumberField.create


class SOption(PolarisElement):
    """<s-option>"""

    tag = "s_option"
    disabled: rx.Var[bool]
    selected: rx.Var[bool]
    value: rx.Var[str]


s_option = SOption.create


class SProgress(PolarisElement):
    """<s-progress>"""

    tag = "s_progress"
    accessibility_label: rx.Var[str]
    max: rx.Var[int | float]
    tone: rx.Var[str]
    value: rx.Var[int | float]


s_progress = SProgress.create


class SSelect(PolarisElement):
    """<s-select>"""

    tag = "s_select"
    details: rx.Var[str]
    disabled: rx.Var[bool]
    error: rx.Var[str]
    icon: rx.Var[str]
    label: rx.Var[str]
    label_accessibility_visibility: rx.Var[str]
    name: rx.Var[str]
    placeholder: rx.Var[str]
    required: rx.Var[bool]
    value: rx.Var[str]
    on_change: rx.EventHandler[input_event]
    on_input: rx.EventHandler[input_event]


s_select = SSelect.create


class SSpinner(PolarisElement):
    """<s-spinner>"""

    tag = "s_spinner"
    accessibility_label: rx.Var[str]
    size: rx.Var[str]


s_spinner = SSpinner.create


class SSwitch(PolarisElement):
    """<s-switch>"""

    tag = "s_switch"
    accessibility_label: rx.Var[str]
    checked: rx.Var[bool]
    details: rx.Var[str]
    disabled: rx.Var[bool]
    error: rx.Var[str]
    label: rx.Var[str]
    label_accessibility_visibility: rx.Var[str]
    name: rx.Var[str]
    required: rx.Var[bool]
    value: rx.Var[str]
    on_change: rx.EventHandler[checked_input_event]
    on_input: rx.EventHandler[checked_input_event]


s_switch = SSwitch.create


class STextField(PolarisElement):
    """<s-text-field>"""

    tag = "s_text_field"
    autocomplete: rx.Var[str]
    details: rx.Var[str]
    disabled: rx.Var[bool]
    error: rx.Var[str]
    icon: rx.Var[str]
    label: rx.Var[str]
    label_accessibility_visibility: rx.Var[str]
    max_length: rx.Var[int | float]
    min_length: rx.Var[int | float]
    name: rx.Var[str]
    placeholder: rx.Var[str]
    prefix: rx.Var[str]
    read_only: rx.Var[bool]
    required: rx.Var[bool]
    suffix: rx.Var[str]
    value: rx.Var[str]
    on_input: rx.EventHandler[input_event]
    on_change: rx.EventHandler[input_event]


s_text_field = STextField.create
